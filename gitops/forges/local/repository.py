"""Repositories of the local forge: make one, with its first files and its hidden state."""

import errno
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gitops.forges.base import AlreadyExists, Missing, RepositoryPath
from gitops.forges.local.bare import HIDDEN, Bare, Move, Signature, branch_ref
from gitops.forges.local.documents import REPOSITORY, STATE, encode
from gitops.forges.local.meta import META, Change, mutate, read
from gitops.git.runner import GitRunner

_CONFIG = "".join(
    [
        "[transfer]\n",
        *(f"\thideRefs = {prefix.rstrip('/')}\n" for prefix in HIDDEN),
        "[receive]\n\tautogc = false\n\tfsckObjects = true\n\tdenyDeleteCurrent = refuse\n",
        "[gc]\n\tauto = 0\n\tpackRefs = false\n[core]\n\tlogAllRefUpdates = false\n",
    ]
)
GC_DEADLINE = 600.0  # seconds
_FIRST_STATE = {"next_pull_request": 1, "next_event": 1}


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """What the local forge knows of a repository. `id` is given once and never changes."""

    id: str
    path: RepositoryPath
    default_branch: str
    archived: bool


def create(
    directory: Path,
    *,
    files: Mapping[str, str],
    by: str,
    default_branch: str = "main",
    message: str = "Initial commit",
    runner: GitRunner | None = None,
) -> Bare:
    """A new repository at `directory` whose default branch holds `files` as one commit.

    It is made beside its place and moved there when whole, so that nobody sees half of one.
    Raises `AlreadyExists`, `Invalid`.
    """
    branch = branch_ref(default_branch)
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = directory.parent / f".{directory.name}.{uuid.uuid4().hex}"
    try:
        _fill(draft, branch, files, message=f"{message}\n", by=by, runner=runner or GitRunner())
        draft.rename(directory)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise AlreadyExists(f"{directory.name} is there already.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Bare(directory, runner=runner)


def _fill(
    draft: Path, branch: str, files: Mapping[str, str], *, message: str, by: str, runner: GitRunner
) -> None:
    name = branch.removeprefix("refs/heads/")
    init = ("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
    runner.run((*init, f"--initial-branch={name}", str(draft)), deadline=30)
    with (draft / "config").open("a") as config:
        config.write(_CONFIG)
    bare = Bare(draft, runner=runner)
    signature = Signature(name=by, at=datetime.now(UTC))
    contents = {path: text.encode() for path, text in files.items()}
    facts = {"id": str(uuid.uuid4()), "default_branch": name, "archived": False}
    documents = {STATE: encode(dict(_FIRST_STATE)), REPOSITORY: encode(facts)}
    first = bare.write_commit(contents, parent=None, message=message, signature=signature)
    meta = bare.write_commit(documents, parent=None, message="gatehouse\n", signature=signature)
    bare.move_refs(Move(ref=branch, new=first), Move(ref=META, new=meta))


def facts(bare: Bare, path: RepositoryPath) -> RepositoryFacts:
    """Raises `Missing`."""
    if not bare.directory.is_dir():
        raise Missing(f"There is no repository {path}.")
    [document] = read(bare, [REPOSITORY])
    if document is None:
        raise Missing(f"{path} is not a repository of the local forge.")
    return RepositoryFacts(path=path, **document)


def set_archived(bare: Bare, archived: bool, *, by: str) -> None:
    """Make the repository read-only for everything but plain git, or undo that."""

    def change(draft: Change) -> None:
        draft.put(REPOSITORY, {**(draft.get(REPOSITORY) or {}), "archived": archived})

    mutate(bare, change, by=by)


def housekeeping(bare: Bare) -> None:
    """Pack refs and objects, so that neither a push nor a read slows down with the years.

    Packing objects needs no lock: what a change in the making has written is too young to go.
    """
    with bare.lock() as held:
        held.git("pack-refs", "--all")
    bare.git("gc", "--quiet", deadline=GC_DEADLINE)
