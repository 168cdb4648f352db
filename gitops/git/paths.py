"""Which names git may be given: commit ids, branches, reference patterns, paths in a tree. PURE."""

import re
import unicodedata
from collections.abc import Iterable

from gitops.errors import Cause, DeliveryError

_ID = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+=#@-]{0,219}")
_PATTERN = re.compile(r"refs/[A-Za-z0-9._/+=#@*-]{0,220}")
_NTFS_DOT_GIT = re.compile(r"git~\d+")


class UnsafeName(DeliveryError):
    """A commit id, branch or pattern that must not reach git's command line."""

    cause = Cause.BUG


class PathConflict(DeliveryError):
    """A path that cannot be written: by its name, or by what stands there in the repository."""

    cause = Cause.CONFLICT

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path!r}: {reason}")


def check_id(value: str) -> str:
    """The commit or blob id, if it is a whole one. Raises UnsafeName."""
    if not _ID.fullmatch(value):
        raise UnsafeName(f"{value[:60]!r} is not a whole git object id")
    return value


def check_branch(name: str) -> str:
    """The branch name, if it is one of git's (git-check-ref-format(1)) and no option of a command.

    Stricter than git: no white space, nothing outside ASCII. Raises UnsafeName.
    """
    if not _BRANCH.fullmatch(name) or name == "@" or name.endswith((".", "/")):
        raise UnsafeName(f"{name[:60]!r} is not a usable branch name")
    if ".." in name or any(
        not part or part.startswith(".") or part.endswith(".lock") for part in name.split("/")
    ):
        raise UnsafeName(f"{name[:60]!r} is not a usable branch name")
    return name


def check_pattern(pattern: str) -> str:
    """The reference pattern: whole (refs/…), `*` its only wildcard. Raises UnsafeName."""
    if not _PATTERN.fullmatch(pattern) or ".." in pattern:
        raise UnsafeName(f"{pattern[:60]!r} is not a usable reference pattern")
    return pattern


def check_path(path: str) -> str:
    """The path, if a file may be written there on any system that checks it out.

    Raises PathConflict.
    """
    if not path or path.startswith("/"):
        raise PathConflict(path, "must be relative to the repository's root")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in path):
        raise PathConflict(path, "contains invisible or control characters")
    if "\\" in path or ":" in path:
        raise PathConflict(path, "contains a backslash or colon")
    if len(path.encode()) > 4000:
        raise PathConflict(path[:60] + "…", "is too long")
    for segment in path.split("/"):
        _check_segment(path, segment)
    return path


def _check_segment(path: str, segment: str) -> None:
    if segment in ("", ".", ".."):
        raise PathConflict(path, "contains an empty segment, '.' or '..'")
    if len(segment.encode()) > 255:
        raise PathConflict(path, "has a segment longer than 255 bytes")
    plain = unicodedata.normalize("NFKC", segment).casefold().rstrip(". ")
    if plain == ".git" or _NTFS_DOT_GIT.fullmatch(plain):
        raise PathConflict(path, "would write into git's own directory")
    if plain == ".gitmodules":
        raise PathConflict(path, "would change what submodules are fetched")


def ancestors(path: str) -> tuple[str, ...]:
    """The directories above a path, outermost first: a/b/c gives a, a/b."""
    parts = path.split("/")
    return tuple("/".join(parts[:length]) for length in range(1, len(parts)))


def check_paths(paths: Iterable[str]) -> None:
    """Every path is usable, none twice, none a directory of another. Raises PathConflict."""
    seen: set[str] = set()
    for path in paths:
        if check_path(path) in seen:
            raise PathConflict(path, "is named twice")
        seen.add(path)
    for path in seen:
        for above in ancestors(path):
            if above in seen:
                raise PathConflict(path, f"needs a directory where {above!r} is a file")
