"""Reading a repository of the local forge for its pages: branches, directories, files, commits.

Functions over a bare repository, beside `gitops.forges.local.contents`, which reads pull requests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gitops.forges.base import Missing
from gitops.forges.local.bare import Bare, branch_ref
from gitops.forges.local.contents import PullCommit
from gitops.git.snapshot import as_text

SIZE_LIMIT = 400_000  # bytes of a file that is shown
ENTRIES_LIMIT = 1_000  # entries of a directory that are shown
BRANCHES_LIMIT = 50
_DEPTH = 64
_LONGEST = 4_000  # characters of branch and path together
_TREE, _LINK, _SYMLINK = "040000", "160000", "120000"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of a directory. `size` is in bytes, None for what has no content of its own.

    `text` is false for a name that is not UTF-8: it is shown with escapes and cannot be opened.
    """

    name: str
    mode: str
    oid: str
    size: int | None
    text: bool = True

    @property
    def is_directory(self) -> bool:
        return self.mode == _TREE

    @property
    def kind(self) -> str:
        """The word for what is neither directory nor plain file."""
        return {_LINK: "submodule", _SYMLINK: "symbolic link", "100755": "executable"}.get(
            self.mode, ""
        )


@dataclass(frozen=True, kw_only=True)
class Branch:
    name: str
    commit: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A branch, its commit, and a path in it without slashes around; "" is the root."""

    branch: str
    commit: str
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def find(bare: Bare, rest: str) -> Spot:
    """Divide `<branch>/<path>`, where a branch may hold slashes. Raises `Missing`.

    At most one beginning can be a branch: git lets no branch be a directory of another.
    """
    parts = rest.strip("/").split("/")
    odd = not rest.isprintable() or any(part in ("", ".", "..") for part in parts)
    if odd or len(rest) > _LONGEST or len(parts) > _DEPTH:
        raise Missing("There is no such branch or path.")
    refs = {f"refs/heads/{'/'.join(parts[:length])}": length for length in range(1, len(parts) + 1)}
    for ref, commit in bare.refs(*refs).items():
        length = refs[ref]
        branch, path = "/".join(parts[:length]), "/".join(parts[length:])
        return Spot(branch=branch, commit=commit, path=path)
    raise Missing("There is no such branch.")


def tip(bare: Bare, branch: str) -> Spot | None:
    """The root of a branch; None when the branch is not there."""
    ref = branch_ref(branch)
    commit = bare.refs(ref).get(ref)
    return Spot(branch=branch, commit=commit, path="") if commit else None


def entry(bare: Bare, spot: Spot) -> Entry:
    """What is at a spot that is not the root. Raises `Missing`."""
    for found in _entries(bare, spot.commit, "--", spot.path):
        return found
    raise Missing("There is no such file or directory.")


def directory(bare: Bare, spot: Spot, tree: str = "") -> tuple[Entry, ...]:
    """The entries of the root, or of the directory with id `tree`: directories first."""
    found = list(_entries(bare, tree or spot.commit))
    return tuple(sorted(found, key=lambda e: (not e.is_directory, e.name)))


def text_of(bare: Bare, file: Entry) -> tuple[str, str]:
    """(the file's text, "") or ("", why it is not shown)."""
    if file.mode == _LINK:
        return "", f"A submodule at commit {file.oid}."
    if file.size is None or file.size > SIZE_LIMIT:
        return "", "Too large to be shown here; clone the repository to read it."
    [found] = bare.objects([file.oid])
    content = found[1] if found else b""
    if b"\0" in content[:8000]:  # as git itself decides
        return "", "Binary content, which is not shown."
    return content.decode("utf-8", "replace"), ""


def commits(bare: Bare, spot: Spot, *, limit: int) -> tuple[PullCommit, ...]:
    """The newest commits of the branch that touch the spot's path, newest first."""
    paths = ("--", spot.path) if spot.path else ()
    form = ("log", "-z", f"--max-count={limit}", "--format=%H%n%at%n%an%n%B")
    raw = bare.git("--literal-pathspecs", *form, spot.commit, *paths).stdout
    return tuple(_commit(text) for text in raw.decode("utf-8", "replace").split("\0") if text)


def branches(bare: Bare, *, limit: int = BRANCHES_LIMIT) -> tuple[Branch, ...]:
    """The branches that moved last, at most `limit`."""
    form = "--format=%(objectname) %(committerdate:unix) %(refname:lstrip=2)"
    listed = bare.git(
        "for-each-ref", f"--count={limit}", "--sort=-committerdate", form, "refs/heads/"
    ).stdout
    rows = (line.split(" ", 2) for line in listed.decode("utf-8", "replace").splitlines())
    return tuple(
        Branch(name=name, commit=commit, at=datetime.fromtimestamp(int(at or 0), UTC))
        for commit, at, name in rows
    )


def _entries(bare: Bare, tree: str, *options: str) -> Iterator[Entry]:
    """`git ls-tree -z --long`: `mode type id size<TAB>path`, NUL after each."""
    listed = bare.git(
        "--literal-pathspecs", "ls-tree", "-z", "--long", "--full-tree", tree, *options
    ).stdout
    for line in listed.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, oid, size = head.decode().split()
            shown = as_text(path)
            yield Entry(
                name=shown.rpartition("/")[2],
                mode=mode,
                oid=oid,
                size=int(size) if size.isdigit() else None,
                text=shown.encode() == path and shown.isprintable(),
            )


def _commit(text: str) -> PullCommit:
    oid, seconds, author, message = text.split("\n", 3)
    at = datetime.fromtimestamp(int(seconds), UTC)
    return PullCommit(id=oid, author=author, at=at, message=message.strip())
