"""From rows to a forge client and a mirror."""

from pathlib import Path

from django.conf import settings

from gitops import secret_files
from gitops.forges.base import ConnectionSettings, Forge, RepositoryPath
from gitops.forges.registry import connect
from gitops.git.mirror import Mirror
from gitops.models import Connection, Repository


def forge_for(connection: Connection) -> Forge:
    """A client for the connection's forge. Reads the credential; only workers can."""
    credential = (
        secret_files.read(connection.credential_name) if connection.credential_name else b""
    )
    return connect(
        ConnectionSettings(
            slug=connection.slug,
            forge=connection.forge,
            base_url=connection.base_url or settings.PUBLIC_URL,
            html_base=f"{settings.PUBLIC_URL}/forge" if connection.forge == "local" else "",
            credential=credential.decode(),
            data_dir=Path(settings.GATEHOUSE_DATA),
        )
    )


def path_of(repository: Repository) -> RepositoryPath:
    return RepositoryPath(owner=repository.owner, name=repository.name)


def mirror_for(repository: Repository, forge: Forge) -> Mirror:
    """The bare mirror of the repository, below the data folder, one per row."""
    folder = Path(settings.GATEHOUSE_DATA) / "mirrors" / f"{repository.pk}.git"
    return Mirror(folder, forge.remote(path_of(repository)))
