"""The table of states, pair by pair: in memory, in the database, and what the database refuses."""

import itertools
from typing import Any

import pytest
from django.utils import timezone

from gitops import states
from gitops.models import ChangeSet
from gitops.moving import MovedOn, advance, record
from gitops.states import LANDED, MOVES, REASONS, TERMINAL, Move, MoveNotAllowed, Reason, State
from tenants.models import AuditEvent
from tests.gitops.delivery.faults import row_of
from tests.world import World

# Written out by hand, so that the table is held against something that is not the table.
ALLOWED = {
    State.PROPOSED: {
        Move.APPROVE: State.PENDING,
        Move.CLOSE: State.CLOSED,
        Move.SUPERSEDE: State.SUPERSEDED,
    },
    State.PENDING: {
        Move.OPEN: State.OPEN,
        Move.FIND_UNCHANGED: State.UNCHANGED,
        Move.MERGE: State.MERGED,
        Move.MERGE_WITH_CHANGES: State.MERGED_WITH_CHANGES,
        Move.PARK: State.NEEDS_ADMIN,
        Move.FAIL: State.FAILED,
        Move.CLOSE: State.CLOSED,
        Move.SUPERSEDE: State.SUPERSEDED,
    },
    State.OPEN: {
        Move.MERGE: State.MERGED,
        Move.MERGE_WITH_CHANGES: State.MERGED_WITH_CHANGES,
        Move.PARK: State.NEEDS_ADMIN,
        Move.FAIL: State.FAILED,
        Move.CLOSE: State.CLOSED,
        Move.SUPERSEDE: State.SUPERSEDED,
    },
    State.NEEDS_ADMIN: {
        Move.OPEN: State.OPEN,
        Move.FIND_UNCHANGED: State.UNCHANGED,
        Move.MERGE: State.MERGED,
        Move.MERGE_WITH_CHANGES: State.MERGED_WITH_CHANGES,
        Move.PARK: State.NEEDS_ADMIN,
        Move.FAIL: State.FAILED,
        Move.RETRY: State.PENDING,
        Move.CLOSE: State.CLOSED,
        Move.SUPERSEDE: State.SUPERSEDED,
    },
    State.FAILED: {
        Move.MERGE: State.MERGED,
        Move.MERGE_WITH_CHANGES: State.MERGED_WITH_CHANGES,
        Move.RETRY: State.PENDING,
        Move.CLOSE: State.CLOSED,
        Move.SUPERSEDE: State.SUPERSEDED,
    },
    State.UNCHANGED: {},
    State.MERGED: {},
    State.MERGED_WITH_CHANGES: {},
    State.CLOSED: {},
    State.SUPERSEDED: {},
}
PAIRS = list(itertools.product(State, Move))
FACTS: dict[Move, dict[str, Any]] = {Move.PARK: {"reason": Reason.PERMISSION}}


def test_every_state_is_judged() -> None:
    assert set(ALLOWED) == set(State)
    assert set(MOVES) == set(Move)
    assert {state for state, moves in ALLOWED.items() if not moves} == TERMINAL
    assert LANDED < TERMINAL


@pytest.mark.parametrize(("state", "move"), PAIRS)
def test_a_pair_leads_where_it_should_or_nowhere(state: State, move: Move) -> None:
    if move in ALLOWED[state]:
        assert states.target(move, state) is ALLOWED[state][move]
    else:
        with pytest.raises(MoveNotAllowed) as refused:
            states.target(move, state)
        assert (refused.value.move, refused.value.state) == (move, state)


def test_every_reason_has_a_sentence_that_says_what_to_do() -> None:
    assert set(REASONS) == set(Reason)
    for sentence in REASONS.values():
        assert sentence.endswith(".")


def put(row: ChangeSet, state: State) -> ChangeSet:
    """The row as if it had come to this state."""
    ChangeSet.objects.filter(pk=row.pk).update(
        state=state,
        reason=Reason.BUG if state is State.NEEDS_ADMIN else "",
        approved_at=timezone.now(),
        next_run_at=None if state in TERMINAL else timezone.now(),
        finished_at=timezone.now() if state in TERMINAL else None,
    )
    return ChangeSet.objects.get(pk=row.pk)


def test_every_pair_on_a_row(world: World) -> None:
    """An allowed move changes the row and tells it to the audit; a refused one does neither."""
    row = row_of(world.approved())
    for state, move in PAIRS:
        before = put(row, state)
        told = AuditEvent.objects.count()
        if move in ALLOWED[state]:
            if move in {Move.MERGE, Move.MERGE_WITH_CHANGES, Move.FIND_UNCHANGED}:
                ChangeSet.objects.filter(pk=row.pk).update(merge_commit="0" * 40)
            advance(before, move, **FACTS.get(move, {}))
            after = ChangeSet.objects.get(pk=row.pk)
            assert after.state == before.state == ALLOWED[state][move]
            assert (after.finished_at is not None) == (after.state in TERMINAL)
            assert (after.next_run_at is None) or after.state not in TERMINAL
            assert bool(after.reason) == (after.state == State.NEEDS_ADMIN)
            assert AuditEvent.objects.count() == told + 1
        else:
            with pytest.raises(MoveNotAllowed):
                advance(before, move, **FACTS.get(move, {}))
            assert ChangeSet.objects.get(pk=row.pk).state == state
            assert AuditEvent.objects.count() == told


def test_whoever_believes_in_another_state_writes_nothing(world: World) -> None:
    row = row_of(world.approved())
    stale = ChangeSet.objects.get(pk=row.pk)
    advance(row, Move.PARK, reason=Reason.PERMISSION, waiting_for="x")
    for attempt in (
        lambda: advance(stale, Move.OPEN),
        lambda: record(stale, attempts=9),
    ):
        with pytest.raises(MovedOn):
            attempt()
    now = ChangeSet.objects.get(pk=row.pk)
    assert (now.state, now.attempts) == (State.NEEDS_ADMIN, 0)


def test_the_diagram_draws_every_move_between_states() -> None:
    drawn = states.diagram()
    for state, moves in ALLOWED.items():
        for move, target in moves.items():
            assert (f"    {state} --> {target}: {move}\n" in drawn) == (state is not target)
    assert drawn.count("-->") == 1 + sum(
        state is not target for state, moves in ALLOWED.items() for target in moves.values()
    )
