"""Following open pull requests, and closing what nobody wants any more."""

from django.utils import timezone

from gitops.delivery import pulls
from gitops.delivery.pushing import opened
from gitops.delivery.rows import ADMIN, advance, noted, record
from gitops.delivery.settling import fit_now, report_moved_base, settle_merged, tidy
from gitops.delivery.work import Work
from gitops.fitting import Fit
from gitops.following import Sight, look_again_in, trouble
from gitops.forges.base import Missing, PullRequest, PullRequestState
from gitops.models import ChangeSet
from gitops.states import TERMINAL, Move, Reason, State


def step(work: Work, row: ChangeSet) -> None:
    """Read the row's pull request again and make the one move it calls for."""
    with noted(row, claim=work.claim):
        if row.state in TERMINAL:
            tidy(work, row)
        elif row.wanted_closed:
            _close(work, row)
        elif row.state == State.PROPOSED:
            # A webhook about the pull request it goes on with made it due; it waits for people.
            record(row, claim=work.claim, next_run_at=None)
        else:
            _follow(work, row)


def _close(work: Work, row: ChangeSet) -> None:
    merged = None
    if row.commit or row.pull_request_number is not None or row.replaces_commit:
        merged = pulls.close_on_forge(work, row, "Withdrawn in Gatehouse.")
    if merged is not None and row.state != State.PROPOSED:
        settle_merged(work, row, merged)
        return
    if merged is not None:  # with the bytes of an earlier revision: this row has nothing in it
        pulls.delete_branch(work, row)
    state = "closed" if row.pull_request_number is not None else ""
    advance(row, Move.CLOSE, claim=work.claim, pull_request_state=state)


def _follow(work: Work, row: ChangeSet) -> None:
    found = pulls.find(work, row)
    if found is None:
        raise Missing("The pull request is gone from the forge.")
    if found.state is PullRequestState.MERGED:
        settle_merged(work, row, found)
        return
    if row.state == State.FAILED:
        record(row, claim=work.claim, pull_request_state=str(found.state), next_run_at=None)
        return
    reason = trouble(
        Sight(
            is_open=found.state is PullRequestState.OPEN,
            head_commit=found.head_commit,
            base=found.base,
            approved_commit=row.commit,
            target_branch=work.repository.target_branch,
            branch_exists=row.branch in work.branches,
        )
    )
    if reason is not None:
        _park(work, row, found, reason)
    elif row.state != State.OPEN:
        opened(work, row, found, pulls.describe(work, row, found))
    else:
        _still_open(work, row, found)


def _park(work: Work, row: ChangeSet, found: PullRequest, reason: Reason) -> None:
    facts = {
        "pull_request_state": str(found.state),
        "next_run_at": _next_look(row),
        **pulls.CLEAN,
    }
    if row.state == State.NEEDS_ADMIN and row.reason == reason:
        record(row, claim=work.claim, **facts)
    else:
        advance(row, Move.PARK, claim=work.claim, reason=reason, waiting_for=ADMIN, **facts)


def _still_open(work: Work, row: ChangeSet, found: PullRequest) -> None:
    work.look()
    if fit_now(work, row) is Fit.STALE:
        report_moved_base(work, row)
        return
    record(
        row,
        claim=work.claim,
        described=pulls.describe(work, row, found),
        pull_request_state=str(found.state),
        next_run_at=_next_look(row),
        **pulls.CLEAN,
    )


def _next_look(row: ChangeSet) -> object:
    now = timezone.now()
    return now + look_again_in(now - (row.opened_at or row.created_at))
