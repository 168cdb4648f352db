"""How a change set ends, or starts over: landed, already there, or its base moved."""

from django.db import transaction
from django.utils import timezone

from gitops.changes import blob_id
from gitops.delivery import pulls
from gitops.delivery.rows import advance, note_failure, record
from gitops.delivery.snapshot import land
from gitops.delivery.work import Work
from gitops.errors import Cause, DeliveryError
from gitops.fitting import Fit, Stored, fit, stored
from gitops.forges.base import PullRequest
from gitops.models import ChangeSet
from gitops.signals import base_moved_under
from gitops.states import Move

_LAGS = 5
"""Tries until a merge that cannot be fetched is taken for one that was removed again."""


def changes_of(row: ChangeSet) -> list[Stored]:
    return [stored(c.path, c.before, c.after) for c in row.file_changes.all()]


def fit_now(work: Work, row: ChangeSet) -> Fit:
    """How the row's stored changes lie on the snapshot."""
    changes = changes_of(row)
    here = work.repository.files.filter(path__in=[c.path for c in changes])
    return fit(changes, dict(here.values_list("path", "blob")))


def settle_merged(work: Work, row: ChangeSet, found: PullRequest) -> None:
    """Record a merge: compare what was merged with what was approved, land, tidy up.

    Raises `DeliveryError` when the repository cannot be read; the next pass tries again.
    """
    merge_commit = _fetched_merge(work, row, found)
    as_approved = found.base == work.repository.target_branch and _holds_approved_bytes(
        work, row, merge_commit
    )
    _land(
        work,
        row,
        Move.MERGE if as_approved else Move.MERGE_WITH_CHANGES,
        merge_commit=merge_commit,
        pull_request_number=found.number,
        pull_request_url=found.html_url,
        pull_request_state=str(found.state),
    )
    if row.next_run_at is not None:
        tidy(work, row)


def _fetched_merge(work: Work, row: ChangeSet, found: PullRequest) -> str:
    """The commit that brought the change in, with the snapshot no older than it.

    It may have been merged after this pass had looked, and a forge may tell of it before it can be
    fetched: judged without it, a faithful merge would seem to hold something else.
    """
    commit = found.merge_commit
    fresh = not work.looked
    work.look()
    if not fresh and (commit is None or not work.mirror.has_commit(commit)):
        work.look(again=True)
    ours = found.base == work.repository.target_branch
    if ours and commit and not work.mirror.has_commit(commit) and row.attempts < _LAGS:
        raise DeliveryError("The merge cannot be fetched yet.")
    return commit or work.repository.base_commit


def tidy(work: Work, row: ChangeSet) -> None:
    """Delete the branch of a row that is over: no failure of that hides that it is."""
    pulls.delete_branch(work, row)
    record(row, claim=work.claim, next_run_at=None, **pulls.CLEAN)


def settle_unchanged(work: Work, row: ChangeSet) -> None:
    """Record that the branch already holds every byte; closes a pull request left over."""
    if row.pull_request_number is not None:
        pulls.close_on_forge(work, row, "The target branch already holds this change.")
    _land(work, row, Move.FIND_UNCHANGED)


def _land(work: Work, row: ChangeSet, move: Move, **fields: object) -> None:
    written = {
        c.path: (None if c.after is None else blob_id(c.after), c.ownership)
        for c in row.file_changes.all()
    }
    texts = [c.after for c in row.file_changes.all() if c.after is not None]
    leaves_branch = pulls.leaves_branch(work, row)
    with transaction.atomic():
        land(work.repository, written, texts)
        advance(row, move, claim=work.claim, **pulls.CLEAN, **fields)
        if leaves_branch:
            record(row, claim=work.claim, next_run_at=timezone.now())


def _holds_approved_bytes(work: Work, row: ChangeSet, commit: str) -> bool:
    if not work.mirror.has_commit(commit):
        return False
    changes = changes_of(row)
    tree = work.mirror.tree(commit, [c.path for c in changes])
    return all((tree[c.path].blob if c.path in tree else None) == c.after for c in changes)


def report_moved_base(work: Work, row: ChangeSet) -> None:
    """Tell that the branch moved under an approved change.

    Whoever knows the request supersedes the row; when nobody does, a person is asked.
    """
    try:
        with transaction.atomic():
            base_moved_under.send(ChangeSet, change_set=row)
    except Exception as error:
        note_failure(row, error, claim=work.claim)
        return
    if not ChangeSet.objects.filter(pk=row.pk, finished_at=None).exists():
        return
    conflict = DeliveryError("The target branch changed at this path.", cause=Cause.CONFLICT)
    note_failure(row, conflict, claim=work.claim)
