"""Who may do what, and why not: plain functions over values, called by pages, API and services.

Every refusal is a sentence that says who may instead. Nobody decides about what they asked for or
wrote themselves; being a superuser changes nothing about that. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tenants.errors import NotPermitted
from tenants.inventory import MemberRole
from tenants.operations.base import Asker
from tenants.workflow import LIVE, TRANSITIONS, Action, Status, target


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A signed-in person. An empty username is nobody. `roles` are by tenant."""

    username: str
    is_admin: bool = False
    is_superuser: bool = False
    roles: Mapping[str, MemberRole] = field(default_factory=dict)

    @property
    def is_platform_admin(self) -> bool:
        return bool(self.username) and (self.is_admin or self.is_superuser)

    def role_in(self, tenant: str) -> MemberRole | None:
        """What this person is in the tenant; None for a stranger."""
        return self.roles.get(tenant) if self.username and tenant else None


@dataclass(frozen=True, kw_only=True)
class RequestView:
    """What permissions look at. `tenant` is empty while the request's tenant does not exist yet.

    `revised_by` wrote the payload of the current revision (pressing refresh does not count);
    `already_decided_by` decided about that revision.
    """

    status: Status
    requester: str
    tenant: str = ""
    revised_by: str = ""
    already_decided_by: frozenset[str] = frozenset()


class Party(StrEnum):
    """Who has to move next."""

    REQUESTER = "requester"
    APPROVERS = "approvers"
    MACHINE = "machine"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is, and the sentence a page says it with."""

    party: Party
    sentence: str


TURN: Mapping[Status, Turn] = {
    Status.DRAFT: Turn(
        party=Party.REQUESTER,
        sentence="It is the requester's turn: nobody else acts before the draft is submitted.",
    ),
    Status.SUBMITTED: Turn(
        party=Party.APPROVERS,
        sentence="It is the platform admins' turn: one who did not ask for it has to decide.",
    ),
    Status.RETURNED: Turn(
        party=Party.REQUESTER,
        sentence="It is the requester's turn: an approver asked for changes.",
    ),
    Status.APPROVED: Turn(
        party=Party.MACHINE,
        sentence="It is the portal's turn: it brings what was approved to the repositories.",
    ),
    Status.REJECTED: Turn(
        party=Party.NOBODY, sentence="It was refused. The requester may reopen it as a draft."
    ),
    Status.WITHDRAWN: Turn(
        party=Party.NOBODY, sentence="It was withdrawn. The requester may reopen it as a draft."
    ),
    Status.EXPIRED: Turn(
        party=Party.NOBODY,
        sentence="It waited too long and expired. The requester may reopen it as a draft.",
    ),
}

_SIGN_IN = "Sign in first."
_NOT_YOURS = "You cannot see this request; members of its tenant and platform admins can."
_SYSTEM = "Only the portal itself does this."


def may_see(actor: Actor, tenant: str) -> bool:
    """Whether the tenant, its namespaces and its requests exist for this person."""
    return actor.is_platform_admin or actor.role_in(tenant) is not None


def may_see_request(actor: Actor, request: RequestView) -> bool:
    """As `may_see`; requesters see their own requests, whatever became of their membership."""
    own = bool(actor.username) and actor.username == request.requester
    return own or may_see(actor, request.tenant)


def why_not_ask(asks: Asker, actor: Actor, tenant: str = "") -> str | None:
    """None when this person may ask for an operation (for this tenant), else the reason."""
    if not actor.username:
        return _SIGN_IN
    if asks is Asker.ANYONE or actor.is_platform_admin:
        return None
    if asks is Asker.ADMIN:
        return "Only a platform admin may ask for this."
    if actor.role_in(tenant) is None:
        return "Only owners and members of the tenant, or a platform admin, may ask for this."
    return None


def why_not_administer(actor: Actor) -> str | None:
    """None for platform admins: change sets, manual steps and freezing are theirs."""
    if not actor.username:
        return _SIGN_IN
    return None if actor.is_platform_admin else "Only a platform admin may do this."


def why_not(action: Action, actor: Actor, request: RequestView) -> str | None:
    """None when this person may do this now, else the reason as a sentence."""
    return _why_person_may_not(action, actor, request) or _why_status_does_not(action, request)


def can(action: Action, actor: Actor, request: RequestView) -> bool:
    """Whether this person may do this now."""
    return why_not(action, actor, request) is None


def check(action: Action, actor: Actor, request: RequestView) -> None:
    """Raise NotPermitted when it is the person, TransitionNotAllowed when it is the status."""
    if reason := _why_person_may_not(action, actor, request):
        raise NotPermitted(reason)
    target(action, request.status)


def why_not_decide(actor: Actor, request: RequestView) -> str | None:
    """None when this person may approve, return or reject, as far as persons go."""
    if not actor.is_platform_admin:
        return "Only a platform admin decides, and not the one who asked."
    if actor.username == request.requester:
        return "You are the requester; another platform admin decides."
    if actor.username == request.revised_by:
        return "You wrote this revision; another platform admin decides."
    if actor.username in request.already_decided_by:
        return "You have decided about this revision already; the next decision is another admin's."
    return None


def _why_not_change(actor: Actor, request: RequestView) -> str | None:
    if actor.role_in(request.tenant) is MemberRole.OWNER:
        return None
    if actor.username != request.requester:
        return "Only the requester or an owner of the tenant may do this."
    if request.tenant and not may_see(actor, request.tenant):
        return "You are no longer a member of the tenant; one of its owners may do this."
    return None


def _why_not_withdraw(actor: Actor, request: RequestView) -> str | None:
    # Taking back one's own wish stays possible for somebody who left the tenant.
    return None if actor.username == request.requester else _why_not_change(actor, request)


def _anyone_involved(actor: Actor, request: RequestView) -> str | None:
    return None


def _only_system(actor: Actor, request: RequestView) -> str | None:
    return _SYSTEM


_PERSONS: Mapping[Action, Callable[[Actor, RequestView], str | None]] = {
    Action.EDIT: _why_not_change,
    Action.SUBMIT: _why_not_change,
    Action.RETURN: why_not_decide,
    Action.APPROVE: why_not_decide,
    Action.REJECT: why_not_decide,
    Action.WITHDRAW: _why_not_withdraw,
    Action.REOPEN: _why_not_change,
    Action.REFRESH: _anyone_involved,
    Action.COMMENT: _anyone_involved,
    Action.INVALIDATE: _only_system,
    Action.EXPIRE: _only_system,
}


def _why_person_may_not(action: Action, actor: Actor, request: RequestView) -> str | None:
    if not actor.username:
        return _SIGN_IN
    if not may_see_request(actor, request):
        return _NOT_YOURS
    return _PERSONS[action](actor, request)


def _why_status_does_not(action: Action, request: RequestView) -> str | None:
    if request.status in TRANSITIONS[action].sources:
        return None
    if request.status not in LIVE:
        return f"The request is {request.status}; that ended it."
    wanted = " or ".join(s for s in Status if s in TRANSITIONS[action].sources)
    return f"The request is {request.status}; this is possible while it is {wanted}."
