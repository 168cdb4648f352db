"""The local forge's store: bare repositories at `<data>/forge/<owner>/<name>.git`.

Plain git, readable and pushable by any git client; what git does not know (numbers, titles,
states, comments) is a hidden commit chain in the same repository, so a copy of the folder is a
copy of the forge. No framework: pages, commands and the adapter call these same functions.
"""

import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from gitops.forges.base import Invalid, Missing, RepositoryPath
from gitops.forges.local import repository as repositories
from gitops.forges.local.bare import Bare
from gitops.forges.local.repository import RepositoryFacts
from gitops.git.runner import GitRunner

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ABANDONED = 3600.0  # seconds after which a half-made repository has no maker any more


class LocalStore:
    """All repositories below `root` (the data folder's `forge/`)."""

    def __init__(self, root: Path, *, runner: GitRunner | None = None) -> None:
        self.root = root
        self.runner = runner or GitRunner()

    def directory(self, path: RepositoryPath) -> Path:
        """Where a repository lives, whether it is there or not. Raises `Missing`."""
        if not (_usable(path.owner) and _usable(path.name)):
            raise Missing(f"There is no repository {path}.")
        return self.root / path.owner / f"{path.name}.git"

    def open(self, path: RepositoryPath) -> Bare:
        """The repository, for the functions of this package. Raises `Missing`."""
        directory = self.directory(path)
        if not (directory / "HEAD").is_file():
            raise Missing(f"There is no repository {path}.")
        return Bare(directory, runner=self.runner)

    def facts(self, path: RepositoryPath) -> RepositoryFacts:
        """Raises `Missing`."""
        return repositories.facts(self.open(path), path)

    def create(
        self,
        path: RepositoryPath,
        *,
        by: str,
        files: Mapping[str, str] | None = None,
        default_branch: str = "main",
        message: str = "Initial commit",
    ) -> Bare:
        """A new repository whose default branch holds `files`. Raises `AlreadyExists`, `Invalid`.

        Names are of letters, digits and `._-`, and begin with a letter or digit.
        """
        if not (_usable(path.owner) and _usable(path.name)):
            raise Invalid(f"{str(path)!r} is not a usable owner/name.")
        return repositories.create(
            self.directory(path),
            files=files or {},
            by=by,
            default_branch=default_branch,
            message=message,
            runner=self.runner,
        )

    def list(self) -> tuple[RepositoryPath, ...]:
        """Every repository, by owner and name."""
        found = (
            RepositoryPath(owner=folder.parent.name, name=folder.name.removesuffix(".git"))
            for folder in self.root.glob("*/*.git")
            if not folder.name.startswith(".") and (folder / "HEAD").is_file()
        )
        return tuple(sorted(found))

    def housekeeping(self) -> None:
        """Pack every repository, and remove what died while it was being made."""
        for path in self.list():
            repositories.housekeeping(self.open(path))
        for draft in self.root.glob("*/.*.git.*"):
            if time.time() - draft.stat().st_mtime > _ABANDONED:
                shutil.rmtree(draft, ignore_errors=True)


def _usable(name: str) -> bool:
    return (
        bool(_SEGMENT.fullmatch(name))
        and ".." not in name
        and not name.lower().endswith((".git", ".lock", "."))
    )
