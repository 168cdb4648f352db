"""Where the repositories are and whose: the store, and the inventory's facts for `access`."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from gitops.forges.base import RepositoryPath
from gitops.forges.local.store import LocalStore
from gitops.models import Repository
from gitops.spec import Role
from portal.localforge.access import Place


def the_store() -> LocalStore:
    """The local forge's repositories below the data folder."""
    return LocalStore(Path(settings.GATEHOUSE_DATA).absolute() / "forge")


def place_of(path: RepositoryPath) -> Place:
    """Whose the repository is; one that the inventory does not know is nobody's."""
    return _places(owner=path.owner, name=path.name).get(path, Place())


def all_places() -> Mapping[RepositoryPath, Place]:
    """Whose each known repository is, in one query."""
    return _places()


def _places(**wanted: str) -> dict[RepositoryPath, Place]:
    rows = Repository.objects.filter(connection__forge="local", **wanted).select_related("tenant")
    found: dict[RepositoryPath, Place] = {}
    for row in rows:
        path = RepositoryPath(owner=row.owner, name=row.name)
        known = found.get(path, Place())
        tenant = getattr(row, "tenant", None)
        mine = {row.target_branch: tenant.slug} if tenant else {}
        found[path] = Place(
            platform=known.platform or row.role == Role.PLATFORM,
            tenants={**known.tenants, **mine},
        )
    return found


def clone_url(path: RepositoryPath) -> str:
    """What `git clone` and Flux are given."""
    return f"{settings.PUBLIC_URL}/git/{path}.git"
