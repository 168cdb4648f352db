"""Where the repositories are and whose: the store, and the inventory's facts for `access`."""

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from gitops.forges.base import RepositoryPath
from gitops.forges.local.store import LocalStore
from gitops.models import Repository
from gitops.spec import Role
from portal.localforge.access import Place
from tenants.models import ProposedChangeSet
from tenants.workflow import LIVE


def the_store() -> LocalStore:
    """The local forge's repositories below the data folder."""
    return LocalStore(Path(settings.GATEHOUSE_DATA).absolute() / "forge")


def place_of(path: RepositoryPath) -> Place:
    """Whose the repository is; one that the inventory does not know is nobody's."""
    return _places(owner=path.owner, name=path.name).get(path, Place())


def all_places() -> Mapping[RepositoryPath, Place]:
    """Whose each known repository is, in a constant number of queries."""
    return _places()


def _places(**wanted: str) -> dict[RepositoryPath, Place]:
    rows = Repository.objects.filter(connection__forge="local", **wanted).select_related("tenant")
    found: dict[RepositoryPath, Place] = {}
    asked = _askers(row.pk for row in rows if not hasattr(row, "tenant"))
    for row in rows:
        path = RepositoryPath(owner=row.owner, name=row.name)
        known = found.get(path, Place())
        tenant = getattr(row, "tenant", None)
        mine = {row.target_branch: tenant.slug} if tenant else {}
        found[path] = Place(
            platform=known.platform or row.role == Role.PLATFORM,
            tenants={**known.tenants, **mine},
            askers=known.askers | asked.get(row.pk, frozenset()),
        )
    return found


def _askers(repositories: Iterable[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    """Who has a live request that is about to give one of these to a new tenant."""
    links = ProposedChangeSet.objects.filter(
        change_set__repository__in=list(repositories),
        revision__request__status__in=[s.value for s in LIVE],
    ).values_list("change_set__repository_id", "revision__request__requester__username")
    found: dict[uuid.UUID, frozenset[str]] = {}
    for repository, username in links:
        found[repository] = found.get(repository, frozenset()) | {username}
    return found


def look_soon(path: RepositoryPath) -> None:
    """Have the worker look at a repository that was just made, if anybody waits for it."""
    Repository.objects.filter(connection__forge="local", owner=path.owner, name=path.name).update(
        next_look_at=timezone.now()
    )


def clone_url(path: RepositoryPath) -> str:
    """What `git clone` and Flux are given."""
    return f"{settings.PUBLIC_URL}/git/{path}.git"
