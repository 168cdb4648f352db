"""Who may look at and change what on the local forge, and why not: functions over values. PURE.

Platform admins may do everything. Owners and members of a tenant have the tenant's repository to
themselves and may read the platform repository, where each tenant's files can be seen by the
others. Where a tenant has a branch of the platform repository instead of a repository of its own,
what goes into that branch is the tenant's. A repository that a live request is about to give to a
new tenant is open to whoever asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenants.permissions import Actor

_SIGN_IN = "Sign in first."
_NOT_YOURS = "The repository belongs to a tenant you are not a member of."
_ONLY_ADMINS = "Only a platform admin may change the platform repository."
_ONLY_ADMINS_HERE = "The repository is not your tenant's; a platform admin may change it."


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose a repository is. `tenants` are slugs by the branch that Flux reconciles for them.

    `askers` asked for a tenant that is to live here: it is theirs before the tenant exists.
    """

    platform: bool = False
    tenants: Mapping[str, str] = field(default_factory=dict)
    askers: frozenset[str] = frozenset()


def why_not_look(actor: Actor, place: Place) -> str | None:
    """None when this person may see the repository, else the reason."""
    if not actor.username:
        return _SIGN_IN
    if actor.is_platform_admin or _is_tenant(actor, place):
        return None
    return None if place.platform and actor.roles else _NOT_YOURS


def why_not_change(actor: Actor, place: Place, *, base: str) -> str | None:
    """None when this person may act on pull requests into branch `base`, else the reason.

    Merging, closing, commenting and deleting the source branch are one right: who keeps the
    branch decides what happens to what is offered to it.
    """
    if reason := why_not_look(actor, place):
        return reason
    if actor.is_platform_admin:
        return None
    if tenant := place.tenants.get(base):
        return None if actor.role_in(tenant) else f"The branch {base} belongs to {tenant}."
    if actor.username in place.askers and not place.platform:
        return None
    if place.platform:
        return _ONLY_ADMINS
    return None if _is_tenant(actor, place) else _ONLY_ADMINS_HERE


def why_not_delete(actor: Actor, place: Place, *, base: str, branch: str) -> str | None:
    """The same for deleting the source branch: never one that Flux reconciles for a tenant."""
    if branch in place.tenants:
        return f"The branch {branch} is what Flux reconciles for {place.tenants[branch]}."
    return why_not_change(actor, place, base=base)


def why_not_create(actor: Actor) -> str | None:
    """None when this person may make a new repository, else the reason."""
    if not actor.username:
        return _SIGN_IN
    return None if actor.is_platform_admin else "Only a platform admin may make a repository."


def _is_tenant(actor: Actor, place: Place) -> bool:
    asked = bool(actor.username) and actor.username in place.askers
    return asked or any(actor.role_in(tenant) for tenant in place.tenants.values())
