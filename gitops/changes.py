"""What differs between a repository and the files it should hold. Pure.

`plan` compares, `apply` shows what a tree is after a plan, and the laws between the two are tested:
after applying there is nothing left to do, nothing outside the owned paths is touched, and what the
portal did not write stays as it is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gitops.digests import change_set_digest, request_digest
from gitops.rendered import File
from gitops.spec import Ownership

__all__ = [
    "Change",
    "FileChange",
    "Obstacle",
    "ObstacleKind",
    "Owned",
    "Plan",
    "TreeEntry",
    "apply",
    "blob_id",
    "change_set_digest",
    "plan",
    "request_digest",
]


class Change(StrEnum):
    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


class ObstacleKind(StrEnum):
    DRIFT = "drift"  # ours, and changed or removed by somebody else
    FOREIGN_IN_THE_WAY = "foreign-in-the-way"  # somebody else's, where one of ours has to go


def blob_id(text: str) -> str:
    """The id git gives a file with this text (SHA-1, hexadecimal)."""
    data = text.encode()
    head = b"blob %d\0" % len(data)
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, kw_only=True)
class TreeEntry:
    """A file as the repository has it (`blob`, None when it is not there) and as the portal last
    saw its own text merged there (`written`, None when the portal never wrote it)."""

    blob: str | None
    written: str | None = None
    ownership: Ownership = Ownership.MANAGED


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One file to write or remove. `before` is a blob id or None, `after` a text or None."""

    path: str
    before: str | None
    after: str | None
    ownership: Ownership = Ownership.MANAGED

    @property
    def kind(self) -> Change:
        if self.after is None:
            return Change.DELETE
        return Change.ADD if self.before is None else Change.MODIFY


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a plan must not be carried out. `detail` is a sentence for the page."""

    path: str
    kind: ObstacleKind
    detail: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Changes and obstacles sorted by path; `foreign`: files of others inside our directories."""

    changes: tuple[FileChange, ...] = ()
    foreign: tuple[str, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to write. A plan with obstacles can be empty too, and is blocked all the same."""
        return not self.changes

    @property
    def is_blocked(self) -> bool:
        return bool(self.obstacles)


class Owned:
    """The paths one request may touch: directories (ending "/") and single files."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        if "" in prefixes or "/" in prefixes:
            raise ValueError("a request cannot own a whole repository")
        self._directories = tuple(p for p in prefixes if p.endswith("/"))
        self._files = frozenset(p for p in prefixes if not p.endswith("/"))

    def __contains__(self, path: str) -> bool:
        return path in self._files or path.startswith(self._directories)


def plan(tree: Mapping[str, TreeEntry], files: Mapping[str, File], owned: Sequence[str]) -> Plan:
    """Compare the wanted `files` with `tree` inside the `owned` paths.

    `tree` is the repository's (or at least the owned part and what lies above it), by path. Wanted
    files outside `owned` belong to other requests and are left out.
    """
    mine = Owned(owned)
    wanted = {path: file for path, file in files.items() if path in mine}
    here = {path: entry for path, entry in tree.items() if path in mine}
    blocked = {o.path: o for o in _shape_obstacles(tree, here, wanted)}
    changes: list[FileChange] = []
    foreign: list[str] = []
    for path in sorted(wanted.keys() | here.keys()):
        if path in blocked:
            continue
        outcome = _compare(path, here.get(path, _ABSENT), wanted.get(path))
        if isinstance(outcome, FileChange):
            changes.append(outcome)
        elif isinstance(outcome, Obstacle):
            blocked[path] = outcome
        elif outcome:
            foreign.append(path)
    obstacles = tuple(blocked[path] for path in sorted(blocked))
    return Plan(changes=tuple(changes), foreign=tuple(foreign), obstacles=obstacles)


_ABSENT = TreeEntry(blob=None)


def _compare(path: str, entry: TreeEntry, file: File | None) -> FileChange | Obstacle | bool:
    """A change, an obstacle, True for somebody else's file, or False when all is well."""
    if file is None:
        return _unwanted(path, entry)
    if file.ownership is Ownership.SEEDED:
        return _seeded(path, entry, file)
    return _managed(path, entry, file)


def _unwanted(path: str, entry: TreeEntry) -> FileChange | Obstacle | bool:
    if entry.blob is None or (entry.written and entry.ownership is Ownership.SEEDED):
        return False
    if entry.written is None:
        return True
    if entry.blob != entry.written:
        return _drift(path, "was changed by somebody else and would now be removed")
    return FileChange(path=path, before=entry.blob, after=None)


def _seeded(path: str, entry: TreeEntry, file: File) -> FileChange | bool:
    if entry.blob is not None or entry.written is not None:
        return False  # the tenant's since the portal wrote it once, or always was
    return FileChange(path=path, before=None, after=file.text, ownership=Ownership.SEEDED)


def _managed(path: str, entry: TreeEntry, file: File) -> FileChange | Obstacle | bool:
    if entry.blob == blob_id(file.text):
        return False
    if entry.written is None and entry.blob is not None:
        return Obstacle(
            path=path,
            kind=ObstacleKind.FOREIGN_IN_THE_WAY,
            detail=f"{path} is there already and was not written by the portal",
        )
    if entry.blob != entry.written:
        done = "was removed" if entry.blob is None else "was changed"
        return _drift(path, f"{done} by somebody else since the portal wrote it")
    return FileChange(path=path, before=entry.blob, after=file.text)


def _drift(path: str, what: str) -> Obstacle:
    return Obstacle(path=path, kind=ObstacleKind.DRIFT, detail=f"{path} {what}")


def _shape_obstacles(
    tree: Mapping[str, TreeEntry], here: Mapping[str, TreeEntry], wanted: Mapping[str, File]
) -> Iterator[Obstacle]:
    """A file where one of our directories has to be, or a directory where a file has to be."""
    directories = {d for path, e in here.items() if e.blob is not None for d in _parents(path)}
    for path in wanted:
        in_the_way = next((p for p in _parents(path) if p in wanted or _exists(tree, p)), None)
        if in_the_way or path in directories:
            yield Obstacle(
                path=path,
                kind=ObstacleKind.FOREIGN_IN_THE_WAY,
                detail=f"{in_the_way} is a file, so {path} cannot be written"
                if in_the_way
                else f"{path} is a directory, so the file cannot be written",
            )


def _exists(tree: Mapping[str, TreeEntry], path: str) -> bool:
    entry = tree.get(path)
    return entry is not None and entry.blob is not None


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def apply(tree: Mapping[str, TreeEntry], changes: Iterable[FileChange]) -> dict[str, TreeEntry]:
    """The tree after `changes` were merged and the portal has seen it."""
    after = dict(tree)
    for change in changes:
        if change.after is None:
            after.pop(change.path, None)
        else:
            blob = blob_id(change.after)
            after[change.path] = TreeEntry(blob=blob, written=blob, ownership=change.ownership)
    return after
