"""From stored bytes to branches: one fetch, one commit stream and one push for a whole batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from gitops.delivery import pulls
from gitops.delivery.rows import advance, frozen, note_failure, noted, record
from gitops.delivery.settling import (
    fit_now,
    report_moved_base,
    settle_merged,
    settle_unchanged,
)
from gitops.delivery.work import Work
from gitops.errors import Cause, DeliveryError
from gitops.fitting import Fit
from gitops.following import look_again_in
from gitops.forges.base import PullRequest, PullRequestState
from gitops.git.mirror import (
    CommitDraft,
    CommitResult,
    Identity,
    PushOutcome,
    PushResult,
    RefUpdate,
)
from gitops.messages import Context, commit_message
from gitops.models import ChangeSet
from gitops.states import Move, State

AUTHOR = Identity(name="Gatehouse", email="gatehouse@gatehouse.internal")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A change set and the commit that carries it out."""

    row: ChangeSet
    commit: str


def push(work: Work, rows: Sequence[ChangeSet]) -> None:
    """Bring each row's commit to its branch, and its pull request to the forge.

    A bad row is recorded and left behind; it never holds up the others.
    """
    ready = _commits(work, [row for row in rows if _goes_on(work, row)])
    if not ready or frozen():
        return
    work.claim.extend()
    for item, error in _pushed(work, ready):
        with noted(item.row, claim=work.claim):
            if error is not None:
                raise error
            work.claim.extend()
            _ensure_open(work, item.row)


def _goes_on(work: Work, row: ChangeSet) -> bool:
    """Whether the row is still to be pushed; settles it here when it is not."""
    with noted(row, claim=work.claim):
        verdict = fit_now(work, row)
        if verdict is Fit.FRESH:
            return True
        found = pulls.find(work, row) if row.commit else None
        if found is not None and found.state is PullRequestState.MERGED:
            # Pushed before, and merged while nobody looked.
            settle_merged(work, row, found)
        elif verdict is Fit.THERE:
            settle_unchanged(work, row)
        else:
            report_moved_base(work, row)
    return False


def _commits(work: Work, rows: Sequence[ChangeSet]) -> list[Ready]:
    ready: list[Ready] = []
    todo: list[tuple[ChangeSet, CommitDraft]] = []
    for row in rows:
        with noted(row, claim=work.claim):
            if row.commit and work.mirror.has_commit(row.commit):
                ready.append(Ready(row=row, commit=row.commit))
            else:
                todo.append((row, _draft(work, row)))
    for (row, draft), result in zip(todo, _made(work, todo), strict=True):
        if result.commit is None:
            note_failure(row, result.error or DeliveryError("No commit."), claim=work.claim)
            continue
        # Recorded before the push: a retry after a crash pushes this very commit again.
        record(row, claim=work.claim, commit=result.commit, base_commit=draft.parent)
        ready.append(Ready(row=row, commit=result.commit))
    return ready


def _made(work: Work, todo: Sequence[tuple[ChangeSet, CommitDraft]]) -> Sequence[CommitResult]:
    try:
        return work.mirror.commit_many([draft for _, draft in todo]) if todo else ()
    except DeliveryError as error:
        return [CommitResult(error=error) for _ in todo]


def _draft(work: Work, row: ChangeSet) -> CommitDraft:
    base = row.base_commit
    context = Context.from_json(row.context)
    return CommitDraft(
        parent=base if base and work.mirror.has_commit(base) else work.repository.base_commit,
        changes=tuple((c.path, c.after) for c in row.file_changes.all()),
        message=commit_message(context),
        author=AUTHOR,
        when=context.approved_at,
    )


def _pushed(work: Work, ready: Sequence[Ready]) -> list[tuple[Ready, DeliveryError | None]]:
    try:
        results = _push(work, [_update(i, i.row.replaces_commit or None) for i in ready])
        again = _worth_another_try(work, ready, results)
        if again:
            results |= _push(work, again)
    except DeliveryError as error:
        return [(item, error) for item in ready]
    return [(item, _failure(results.get(item.row.branch))) for item in ready]


def _update(item: Ready, expect: str | None) -> RefUpdate:
    return RefUpdate(branch=item.row.branch, commit=item.commit, expect=expect)


def _push(work: Work, updates: list[RefUpdate]) -> dict[str, PushResult]:
    return {result.branch: result for result in work.mirror.push(updates)}


def _worth_another_try(
    work: Work, ready: Sequence[Ready], results: dict[str, PushResult]
) -> list[RefUpdate]:
    """A stale lease whose branch is gone, or still holds a commit of ours, is not a stranger's."""
    again = []
    for item in ready:
        result = results.get(item.row.branch)
        if result is None or result.outcome is not PushOutcome.STALE:
            continue
        there = work.branches.get(item.row.branch)
        if there is None or there in pulls.own_commits(item.row):
            again.append(_update(item, there))
    return again


def _failure(result: PushResult | None) -> DeliveryError | None:
    if result is None:
        return DeliveryError("The push said nothing about this branch.")
    match result.outcome:
        case PushOutcome.OK | PushOutcome.UP_TO_DATE:
            return None
        case PushOutcome.STALE:
            return DeliveryError(
                "The branch holds a commit that is not the portal's.", cause=Cause.TAMPERED
            )
        case _ if result.collective:
            return DeliveryError(result.detail)  # refused together with others, maybe innocent
        case _:
            return DeliveryError(result.detail or "The push failed.", cause=result.cause)


def _ensure_open(work: Work, row: ChangeSet) -> None:
    found = pulls.find_or_create(work, row)
    if found.state is PullRequestState.MERGED:
        settle_merged(work, row, found)
    else:
        opened(work, row, found, pulls.describe(work, row, found))


def opened(work: Work, row: ChangeSet, found: PullRequest, mark: str) -> None:
    """Move the row to open; `mark` is the fingerprint of what its pull request says."""
    now = timezone.now()
    since = row.opened_at or now
    with transaction.atomic():
        advance(
            row,
            Move.OPEN,
            claim=work.claim,
            pull_request_number=found.number,
            pull_request_url=found.html_url,
            pull_request_state=str(found.state),
            described=mark,
            opened_at=since,
            next_run_at=now + look_again_in(now - since),
            waiting_for="somebody who merges the pull request",
            **pulls.CLEAN,
        )
        # Somebody may have withdrawn it while it was pushed.
        ChangeSet.objects.filter(pk=row.pk, wanted_closed=True).update(next_run_at=now)
        # The others of this request name this one now: they are looked at again.
        others = pulls.siblings(row).filter(state=State.OPEN).exclude(pk=row.pk)
        others.update(next_run_at=now)
