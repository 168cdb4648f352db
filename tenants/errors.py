"""What the domain answers when something cannot be done. Each carries a sentence for a person."""


class DomainError(Exception):
    """Base of the domain's refusals. `str(error)` is a sentence that may be shown."""


class NotPermitted(DomainError):
    """This person may not do this now. `reason` says why, and who may."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransitionNotAllowed(DomainError):
    """The request is in a status this action does not start from."""

    def __init__(self, *, action: str, status: str) -> None:
        super().__init__(f"A request that is {status} cannot be changed by “{action}”.")
        self.action = action
        self.status = status


class StaleRequest(DomainError):
    """The request moved on since it was read: another revision, another digest or another status.

    `current_digest` is what is there now (`""` when nothing is stored), so that a client can look
    again and decide again.
    """

    def __init__(self, message: str, *, current_digest: str = "") -> None:
        super().__init__(message)
        self.current_digest = current_digest
