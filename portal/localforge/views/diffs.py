"""The files of a pull request, drawn as the files of a request are."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from gitops.forges.local.contents import PullFile, PullFiles
from gitops.forges.local.documents import Pull
from gitops.forges.local.repository import RepositoryFacts
from tenants.services.previewing import PreviewFile
from tenants.views.manifests import FileView, RepositoryView

LINES_OF_FILE = 4_000  # before and after together; comparing costs up to their product
LINES_OF_PAGE = 20_000


@dataclass(frozen=True, kw_only=True)
class Unshown:
    """A file that is only named, and why."""

    path: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Diff:
    """`repositories` is what `parts/diff.html` draws: one, with the files that can be shown."""

    repositories: tuple[RepositoryView, ...]
    unshown: tuple[Unshown, ...]
    count: int
    more: int


def diff_of(repository: RepositoryFacts, pull: Pull, found: PullFiles) -> Diff:
    """The diff of a pull request, as far as a page can hold it."""
    shown, unshown = _fitting(found.files)
    views = tuple(
        FileView(_drawable(repository, pull, file), f"file-{number}", number == 1)
        for number, file in enumerate(shown, 1)
    )
    drawn = RepositoryView(
        repository=str(repository.path), branch=pull.base, commit=pull.base_commit, files=views
    )
    return Diff(
        repositories=(drawn,) if views else (),
        unshown=unshown,
        count=len(found.files) + found.more,
        more=found.more,
    )


def _drawable(repository: RepositoryFacts, pull: Pull, file: PullFile) -> PreviewFile:
    absent = "delete" if file.after is None else "modify"
    return PreviewFile(
        repository_id=uuid.UUID(repository.id),
        repository=str(repository.path),
        branch=pull.base,
        path=file.path,
        kind="add" if file.before is None else absent,
        before=file.before,
        after=file.after,
        ownership="",
    )


def _fitting(files: Iterable[PullFile]) -> tuple[list[PullFile], tuple[Unshown, ...]]:
    shown: list[PullFile] = []
    unshown: list[Unshown] = []
    room = LINES_OF_PAGE
    for file in files:
        lines = sum(text.count("\n") + 1 for text in (file.before, file.after) if text)
        why = file.note or _why_not(lines, room)
        if why:
            unshown.append(Unshown(path=file.path, why=why))
        else:
            room -= lines
            shown.append(file)
    return shown, tuple(unshown)


def _why_not(lines: int, room: int) -> str:
    if lines > LINES_OF_FILE:
        return f"{lines} lines, too long to be compared here"
    return "" if lines <= room else "the page is full"
