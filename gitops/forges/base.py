"""What every forge can do, in the portal's words: the protocol, its values and its errors.

An adapter (one module beside this one, one line in `registry.FORGES`) translates one forge's
dialect into these. There is no call that merges: a person merges, on the forge.

Promises every adapter keeps, held by `tests/gitops/forges/contract.py`:

1. Every call answers a value or raises a `ForgeError` whose `cause` says whether to try again.
2. Asking twice is harmless: closing what is closed and deleting what is absent succeed.
3. Two calls to create the same pull request give one pull request and one `AlreadyExists`.
4. Text (title, body, comments) comes back exactly as it was given, up to the limits of
   `capabilities`.
5. A webhook is only believed after its signature over the raw bytes was verified, and then only as
   a reason to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol, Self

from gitops.errors import Cause, DeliveryError
from gitops.git.remote import Remote


class ForgeError(DeliveryError):
    """A forge did not do its part. The subclasses say how; `cause` says whether to try again."""


class Unreachable(ForgeError):
    """No answer, or one that says "later": network, time-out, 5xx."""

    cause = Cause.TRANSIENT


class RateLimited(ForgeError):
    """The forge asked for fewer calls; `retry_after` is in seconds where it named a time."""

    cause = Cause.RATE_LIMITED


class BadCredential(ForgeError):
    """The connection's credential is refused or has expired."""

    cause = Cause.CREDENTIAL


class NotPermitted(ForgeError):
    """The credential is good but may not do this: a right is missing, a branch is protected."""

    cause = Cause.PERMISSION


class Archived(NotPermitted):
    """The repository is read-only on the forge."""


class Missing(ForgeError):
    """The repository, pull request or branch is not there (or is hidden from this credential)."""

    cause = Cause.MISSING


class AlreadyExists(ForgeError):
    """An open pull request for this source and target branch is there: find it instead."""

    cause = Cause.TRANSIENT  # the next try finds it


class Invalid(ForgeError):
    """The forge cannot accept what was asked: no commits between the branches, text too long."""

    cause = Cause.BUG


class BadSignature(ForgeError):
    """A webhook that cannot be believed: no signature, a wrong one, or no secret to check with."""

    cause = Cause.CREDENTIAL


class PullRequestState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"  # without a merge
    MERGED = "merged"


@dataclass(frozen=True, kw_only=True, order=True)
class RepositoryPath:
    """Where a repository lives on its forge. GitLab's owner may itself hold slashes."""

    owner: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `owner/name` (the last slash divides). Raises ValueError when a part is missing."""
        owner, slash, name = text.strip("/").rpartition("/")
        if not (slash and owner and name):
            raise ValueError(f"{text!r} is not of the form owner/name.")
        return cls(owner=owner, name=name)

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class ForgeRepository:
    """A repository as its forge describes it. `id` stays the same when it is renamed."""

    id: str
    path: RepositoryPath
    default_branch: str
    clone_url: str
    html_url: str
    archived: bool = False


@dataclass(frozen=True, kw_only=True)
class Protection:
    """What the forge tells about a branch's protection. None: this credential may not see it."""

    protected: bool | None
    requires_review: bool | None
    bot_can_bypass: bool | None


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request as the forge has it now.

    `head` and `base` are branch names without `refs/heads/`. `head_commit` is the source branch's
    commit while open, and the last one seen afterwards. `merge_commit` is the commit on the target
    branch that brought the change in, and only set when merged.
    """

    number: int
    title: str
    body: str
    state: PullRequestState
    head: str
    head_commit: str
    base: str
    merge_commit: str | None
    html_url: str
    labels: tuple[str, ...] = ()
    author: str = ""


@dataclass(frozen=True, kw_only=True)
class PullRequestDraft:
    """A pull request to be opened, from branch `head` into branch `base`."""

    head: str
    base: str
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """A verified webhook: whose delivery, about what. Nothing in it is a fact to act upon."""

    delivery_id: str
    event: str
    repository: RepositoryPath | None = None
    pull_request: int | None = None


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a forge can hold and show. Limits are in characters; a longer text raises `Invalid`."""

    title: str  # the forge's own name, for people
    body_limit: int
    title_limit: int = 255
    labels: bool = True
    draft: bool = False
    signed_webhooks: bool = True  # False: a shared token only, shown as weak
    delivery_ids: bool = True  # a repeated delivery carries the same id
    loopback: bool = False  # lives in the portal itself: its addresses may be loopback


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    """What an adapter needs to reach one configured forge.

    `base_url` is the root of the forge's API and clone addresses, `html_base` of its pages.
    `credential` is secret and stays out of repr. `data_dir` is the portal's data folder; only the
    local forge lives in it.
    """

    slug: str
    forge: str
    base_url: str = ""
    html_base: str = ""
    credential: str = field(default="", repr=False)
    data_dir: Path | None = None


class Forge(Protocol):
    """One connection to one forge. Every call may raise a `ForgeError`."""

    capabilities: ClassVar[Capabilities]

    @classmethod
    def connect(cls, settings: ConnectionSettings) -> Self:
        """Make the adapter; no network yet. Raises ValueError when a setting is missing."""
        ...

    def whoami(self) -> str:
        """The account that the credential belongs to."""
        ...

    def get_repository(self, repository: RepositoryPath) -> ForgeRepository:
        """Raises `Missing`."""
        ...

    def get_protection(self, repository: RepositoryPath, branch: str) -> Protection:
        """How `branch` is protected, as far as the credential may see. Raises `Missing`."""
        ...

    def find_pull_request(
        self, repository: RepositoryPath, *, head: str, base: str
    ) -> PullRequest | None:
        """The open one from exactly `head` into exactly `base`, else the newest, else None."""
        ...

    def create_pull_request(
        self, repository: RepositoryPath, draft: PullRequestDraft
    ) -> PullRequest:
        """Raises `AlreadyExists` (find it then), `Missing` (a branch), `Invalid`, `Archived`."""
        ...

    def get_pull_request(self, repository: RepositoryPath, number: int) -> PullRequest:
        """Raises `Missing`."""
        ...

    def update_pull_request(
        self, repository: RepositoryPath, number: int, *, title: str, body: str
    ) -> PullRequest:
        """Raises `Missing`, `Invalid`."""
        ...

    def close_pull_request(
        self, repository: RepositoryPath, number: int, *, comment: str
    ) -> PullRequest:
        """Close without merging, saying why (an empty comment says nothing).

        Already closed, or merged, is success: the answer says which, and nothing is said twice.
        """
        ...

    def comment(self, repository: RepositoryPath, number: int, body: str) -> None:
        """Add a comment. Raises `Missing`, `Invalid`."""
        ...

    def delete_branch(self, repository: RepositoryPath, branch: str) -> None:
        """Absent is success. Raises `NotPermitted` for the default branch."""
        ...

    def remote(self, repository: RepositoryPath) -> Remote:
        """How the git runner reaches the repository."""
        ...

    @staticmethod
    def verify_webhook(
        headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]
    ) -> WebhookEvent:
        """Verify a delivery against any of the active secrets, then read it.

        Header names are compared without regard to case. Raises `BadSignature`, also when no
        secret is left after empty ones are dropped, and `Invalid` for a signed body that cannot be
        read.
        """
        ...
