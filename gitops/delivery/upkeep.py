"""Keeping mirrors small: packing the used ones, dropping the orphaned ones."""

import logging
import shutil
from pathlib import Path

from gitops.delivery.connecting import forge_for, mirror_for
from gitops.errors import DeliveryError
from gitops.models import Repository

log = logging.getLogger(__name__)


def housekeeping(folder: Path) -> None:
    """Pack every mirror and remove folders below `folder` that belong to no repository."""
    repositories = {str(r.pk): r for r in Repository.objects.select_related("connection")}
    for path in folder.glob("*.git"):
        repository = repositories.get(path.name.removesuffix(".git"))
        if repository is None:
            shutil.rmtree(path, ignore_errors=True)
            continue
        try:
            with mirror_for(repository, forge_for(repository.connection)) as mirror:
                mirror.housekeeping()
        except DeliveryError as error:
            log.warning("housekeeping", extra={"repository": str(repository), "why": str(error)})
