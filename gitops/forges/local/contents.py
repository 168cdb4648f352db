"""What a pull request proposes: its files before and after, and its commits. For its pages."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gitops.forges.local.bare import Bare, branch_ref
from gitops.forges.local.documents import Pull

FILES_LIMIT = 300
SIZE_LIMIT = 1_000_000  # bytes of one file; larger ones are named, not shown
COMMITS_LIMIT = 250
_LINK = "160000"  # a submodule: the commit is in another repository


@dataclass(frozen=True, kw_only=True)
class PullFile:
    """One file. A text is None where the file is absent on that side.

    `note` says why nothing is shown ("binary", "too large", "submodule"); then both are None.
    """

    path: str
    before: str | None
    after: str | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PullFiles:
    """The files of a pull request by path; `more` counts those beyond the limit."""

    files: tuple[PullFile, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class PullCommit:
    """One commit on the source branch; `message` whole, `at` in UTC."""

    id: str
    author: str
    at: datetime
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]


def files(bare: Bare, pull: Pull) -> PullFiles:
    """Each file from the merge base to the source branch, renames shown as two files."""
    start = _start(bare, pull)
    if start is None:
        return PullFiles(files=())
    raw = bare.git("diff-tree", "-r", "-z", "--no-renames", start, pull.head_commit).stdout
    fields = raw.decode("utf-8", "replace").split("\0")
    rows = list(zip(fields[0:-1:2], fields[1::2], strict=True))
    shown = rows[:FILES_LIMIT]
    heads = [row.lstrip(":").split(" ") for row, _ in shown]
    texts = _texts(bare, [oid for head in heads for oid in head[2:4]])
    return PullFiles(
        files=tuple(_file(path, head, texts) for head, (_, path) in zip(heads, shown, strict=True)),
        more=len(rows) - len(shown),
    )


def commits(bare: Bare, pull: Pull) -> tuple[PullCommit, ...]:
    """The commits that the target branch did not have, oldest first."""
    start = _start(bare, pull)
    if start is None:
        return ()
    args = ("log", "-z", f"--max-count={COMMITS_LIMIT}", "--format=%H%n%at%n%an%n%B")
    raw = bare.git(*args, f"{start}..{pull.head_commit}").stdout.decode("utf-8", "replace")
    return tuple(reversed([_commit(text) for text in raw.split("\0") if text]))


def _start(bare: Bare, pull: Pull) -> str | None:
    """Where the change starts: while open from the target branch as it is, then as it was."""
    base = pull.base_commit
    if pull.is_open:
        base = bare.refs(branch_ref(pull.base)).get(branch_ref(pull.base), base)
    return bare.merge_base(base, pull.head_commit)


def _file(path: str, head: list[str], texts: dict[str, str | None]) -> PullFile:
    before_mode, after_mode, before, after, _status = head
    if _LINK in (before_mode, after_mode):
        return PullFile(path=path, before=None, after=None, note="submodule")
    sides = [oid for oid in (before, after) if oid.strip("0")]
    if any(oid not in texts for oid in sides):
        return PullFile(path=path, before=None, after=None, note="too large")
    if any(texts[oid] is None for oid in sides):
        return PullFile(path=path, before=None, after=None, note="binary")
    return PullFile(path=path, before=texts.get(before), after=texts.get(after))


def _texts(bare: Bare, ids: list[str]) -> dict[str, str | None]:
    """Text per blob id, None for a binary one; too large and absent ones are left out."""
    wanted = sorted({oid for oid in ids if oid.strip("0")})
    sizes = bare.sizes(wanted) if wanted else []
    small = [oid for oid, size in zip(wanted, sizes, strict=True) if 0 <= size <= SIZE_LIMIT]
    return {item[0]: _text(item[1]) for item in bare.objects(small) if item}


def _text(content: bytes) -> str | None:
    if b"\0" in content[:8000]:  # as git itself decides
        return None
    return content.decode("utf-8", "replace")


def _commit(text: str) -> PullCommit:
    oid, seconds, author, message = text.split("\n", 3)
    return PullCommit(
        id=oid, author=author, at=datetime.fromtimestamp(int(seconds), UTC), message=message.strip()
    )
