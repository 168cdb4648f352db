"""Any number of commits by one `git fast-import`, each proven before its id is given out.

Protocol
1. Look at every draft: its own form, then its paths and their ancestors in its parent. A draft
   that fails is answered with its error, and the others go on.
2. One stream (git-fast-import(1)) with inline contents. No work tree, no index: no hook, filter
   or attribute can have a say.
3. One `git diff-tree --stdin` for all: a commit's changes against its parent must be exactly the
   draft's, path by path, as plain files, with the contents' ids computed here.

No reference is left. All commits of a stream pass over one branch name that is reset to nothing
before the end, so that fast-import never writes it: names would pile up, cost a lock file each,
and have to be swept. The commits are reachable from nothing until they are merged and fetched.
`git gc` leaves such objects alone for two weeks (gc.pruneExpire), and a draft that is made again
gives the same commit.
"""

from collections.abc import Iterator, Sequence

from gitops.changes import blob_id
from gitops.errors import Cause, DeliveryError
from gitops.git.drafts import CommitDraft, CommitResult, check_against, check_draft
from gitops.git.objects import REGULAR, ObjectReader, TreeWalker
from gitops.git.paths import check_id
from gitops.git.snapshot import TreeItem

_BRANCH = b"refs/gatehouse/work/never-written"
_NOTHING = b"0" * 40

FAST_IMPORT = ("fast-import", "--done", "--quiet", "--date-format=raw")
DIFF_TREE = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")


class ProofFailed(DeliveryError):
    """The commit that git made is not the draft. It is left to nobody, and never pushed."""

    cause = Cause.BUG


def obstacles(
    drafts: Sequence[CommitDraft], reader: ObjectReader, *, deadline: float
) -> list[DeliveryError | None]:
    """Per draft, in order, what stands in its way in its parent, or None."""
    walker = TreeWalker(reader, deadline=deadline)
    found: list[DeliveryError | None] = []
    for draft in drafts:
        try:
            check_draft(draft)
            check_against(draft, reader, walker)
        except DeliveryError as error:
            found.append(error)
        else:
            found.append(None)
    return found


def stream(drafts: Sequence[CommitDraft]) -> bytes:
    """The input of `git fast-import` for checked drafts; it prints their ids in order."""
    parts: list[bytes] = []
    for number, draft in enumerate(drafts, start=1):
        parts.extend(_commit(number, draft))
        parts.append(b"get-mark :%d\n" % number)
    parts.append(b"reset %s\nfrom %s\n\ndone\n" % (_BRANCH, _NOTHING))
    return b"".join(parts)


def _commit(number: int, draft: CommitDraft) -> Iterator[bytes]:
    person = b"%s <%s> %d +0000\n" % (
        draft.author.name.strip().encode(),
        draft.author.email.strip().encode(),
        draft.when,
    )
    message = draft.message if draft.message.endswith("\n") else draft.message + "\n"
    yield b"commit %s\nmark :%d\n" % (_BRANCH, number)
    yield b"author %scommitter %s" % (person, person)
    yield _data(message)
    yield b"from %s\n" % draft.parent.encode()
    for path, text in draft.changes:
        if text is None:
            yield b"D %s\n" % _quoted(path)
        else:
            yield b"M %s inline %s\n" % (REGULAR.encode(), _quoted(path))
            yield _data(text)


def _data(text: str) -> bytes:
    data = text.encode()
    return b"data %d\n%s\n" % (len(data), data)


def _quoted(path: str) -> bytes:
    """In C style quotes always, so that no path can be read as something else."""
    return b'"%s"' % path.replace("\\", "\\\\").replace('"', '\\"').encode()


def parse_ids(output: bytes, *, expected: int) -> list[str]:
    """The commit ids that fast-import printed. Raises ProofFailed unless there is one per draft."""
    ids = output.decode().split()
    if len(ids) != expected:
        raise ProofFailed(f"fast-import made {len(ids)} commits of {expected} drafts")
    return [check_id(commit) for commit in ids]


def pairs(drafts: Sequence[CommitDraft], ids: Sequence[str]) -> bytes:
    """The input of `git diff-tree --stdin`: each commit and the parent to compare it with."""
    return "".join(
        f"{commit} {draft.parent}\n" for draft, commit in zip(drafts, ids, strict=True)
    ).encode()


def proven(draft: CommitDraft, commit: str, diff: dict[str, TreeItem | None]) -> CommitResult:
    """The commit, if its difference from the parent is the draft's and nothing else."""
    wanted = {
        path: None if text is None else TreeItem(mode=REGULAR, blob=blob_id(text))
        for path, text in draft.changes
    }
    if diff == wanted:
        return CommitResult(commit=commit)
    wrong = sorted(path for path in diff.keys() | wanted if diff.get(path) != wanted.get(path))
    return CommitResult(
        error=ProofFailed(f"the commit {commit} differs from its draft at {', '.join(wrong[:5])}")
    )
