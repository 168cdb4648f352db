"""Every verb of the local forge, killed at each of its git processes in turn, then tried again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from gitops.forges.base import AlreadyExists, PullRequestDraft, PullRequestState
from gitops.forges.local import events, merging, pulls
from gitops.forges.local.bare import Bare
from gitops.forges.local.documents import Action
from gitops.git.runner import Completed, GitRunner
from tests.gitops.forges import invariants
from tests.gitops.forges.conftest import Branches, LocalFarSide

OPEN, CLOSED, MERGED = PullRequestState.OPEN, PullRequestState.CLOSED, PullRequestState.MERGED


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing of ours runs after it."""


class MortalRunner(GitRunner):
    """Dies instead of starting its `lives`-th git.

    `torn`: only gits that move refs count, and the first ref of the last one still moves.
    """

    def __init__(self, lives: int, *, torn: bool) -> None:
        super().__init__()
        self.lives = lives
        self.torn = torn

    def run(self, args: Sequence[str], **options: Any) -> Completed:
        self.lives -= not self.torn or args[0] == "update-ref"
        if self.lives:
            return super().run(args, **options)
        if self.torn:
            first = options["stdin"].splitlines(keepends=True)[0]
            super().run(args, **{**options, "stdin": first})
        raise Killed


def _open(bare: Bare, name: str, number: int) -> None:
    with suppress(AlreadyExists):
        pulls.open_pull(bare, PullRequestDraft(head=name, base="main", title=name), by="bot")


def _land(land: Callable[..., object]) -> Callable[[Bare, str, int], None]:
    def verb(bare: Bare, name: str, number: int) -> None:
        with suppress(merging.NotMergeable):  # when the first try got as far
            land(bare, number, by="bob")

    return verb


VERBS: dict[str, tuple[Callable[[Bare, str, int], object], PullRequestState]] = {
    "open": (_open, OPEN),
    "comment": (lambda bare, _, n: pulls.comment(bare, n, "said", by="alice"), OPEN),
    "update": (lambda bare, _, n: pulls.update(bare, n, title="T", body="B", by="bot"), OPEN),
    "close": (lambda bare, _, n: pulls.close(bare, n, comment="no", by="bob"), CLOSED),
    "squash": (_land(merging.squash), MERGED),
    "delete branch": (lambda bare, name, _: pulls.delete_branch(bare, name, by="bob"), CLOSED),
}


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_each_git_process_and_tried_again(
    far: LocalFarSide, branches: Branches, verb: str, torn: bool
) -> None:
    act, expected = VERBS[verb]
    names = [f"{verb.replace(' ', '-')}/{n}" for n in range(40)]
    branches(names)
    number = 1
    for point, name in enumerate(names, start=1):
        if verb != "open":
            _open(far.bare, name, number)
        mortal = Bare(far.bare.directory, runner=MortalRunner(point, torn=torn))
        died = _dies(lambda m=mortal, b=name, n=number: act(m, b, n))  # type: ignore[misc]
        invariants.check(far.bare)
        act(far.bare, name, number)
        pull = pulls.get(far.bare, number)
        assert (pull.head, pull.state) == (name, expected)
        assert _said(pull.history) <= 1 or verb == "comment"
        if not died:
            invariants.check(far.bare)
            invariants.check_objects(far.bare)
            assert point > (1 if torn else 5)
            return
        number += 1
    raise AssertionError("the verb never ended")


def _dies(act: Callable[[], object]) -> bool:
    try:
        act()
    except Killed:
        return True
    return False


def _said(history: Sequence[Any]) -> int:
    return sum(entry.action in (Action.CLOSED, Action.MERGED) for entry in history)


def test_the_cursor_survives(far: LocalFarSide, branches: Branches) -> None:
    branches(["x"])
    _open(far.bare, "x", 1)
    for point in range(1, 10):
        mortal = Bare(far.bare.directory, runner=MortalRunner(point, torn=False))
        if not _dies(lambda m=mortal: events.mark_delivered(m, 1)):  # type: ignore[misc]
            break
        assert events.delivered(far.bare) in (0, 1)
    assert events.delivered(far.bare) == 1
