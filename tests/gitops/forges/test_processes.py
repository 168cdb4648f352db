"""Many processes at once, and processes that are killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gitops.forges.base import PullRequestDraft
from gitops.forges.local import pulls
from gitops.forges.local.bare import Bare, Move
from gitops.forges.local.meta import META
from tests.gitops.forges import invariants
from tests.gitops.forges.conftest import Branches, LocalFarSide

ROOT = Path(__file__).parents[3]

OPENER = """
import sys
from pathlib import Path
from gitops.forges.base import AlreadyExists, PullRequestDraft
from gitops.forges.local import pulls
from gitops.forges.local.bare import Bare

bare = Bare(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for branch in sys.argv[2:]:
    draft = PullRequestDraft(head=branch, base="main", title=branch)
    try:
        print(branch, pulls.open_pull(bare, draft, by="gatehouse").number, flush=True)
    except AlreadyExists:
        print(branch, "exists", flush=True)
"""

# Everything there is to do to pull requests, for ever, each step told when it is done.
LABOURER = """
import sys
from pathlib import Path
from gitops.forges.base import PullRequestDraft
from gitops.forges.local import events, merging, pulls
from gitops.forges.local.bare import Bare

bare = Bare(Path(sys.argv[1]))
print("ready", flush=True)
for branch in sys.argv[2:]:
    draft = PullRequestDraft(head=branch, base="main", title=branch)
    number = pulls.open_pull(bare, draft, by="gatehouse").number
    print("open", number, flush=True)
    pulls.comment(bare, number, f"comment on {branch}", by="alice")
    print("comment", number, flush=True)
    if number % 3 == 0:
        pulls.close(bare, number, comment="no", by="bob")
        print("closed", number, flush=True)
        continue
    land = merging.squash if number % 3 == 1 else merging.merge
    land(bare, number, by="bob")
    print("merged", number, flush=True)
    pulls.delete_branch(bare, branch, by="bob")
    events.mark_delivered(bare, number)
"""


def draft_from(branch: str) -> PullRequestDraft:
    return PullRequestDraft(head=branch, base="main", title=branch)


def start(script: str, bare: Bare, names: Sequence[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(bare.directory), *names],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_eight_processes_open_pull_requests_at_once(far: LocalFarSide, branches: Branches) -> None:
    own = [[f"own/{process}-{n}" for n in range(4)] for process in range(8)]
    shared = [f"shared/{n}" for n in range(3)]
    branches([*(name for names in own for name in names), *shared])
    running = [start(OPENER, far.bare, [*names, *shared]) for names in own]
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers: list[tuple[str, str]] = []
    for process in running:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        answers += [(line.split()[0], line.split()[1]) for line in output.splitlines()]
    numbers = {branch: number for branch, number in answers if number != "exists"}
    assert len(answers) == 8 * 7
    assert len(numbers) == 8 * 4 + 3
    assert sorted(map(int, numbers.values())) == list(range(1, 36))
    assert {pull.head: str(pull.number) for pull in invariants.Store.of(far.bare).pulls} == numbers
    assert [event.pull_request for event in invariants.Store.of(far.bare).events] == list(
        range(1, 36)
    )
    invariants.check(far.bare)


def kill(process: subprocess.Popen[str], *, with_children: bool) -> str:
    """kill -9; what the process had told by then. With its gits, or leaving them to end alone."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    for child in children if with_children else ():
        _kill_quietly(int(child))
    told, _ = process.communicate()
    return told


def _kill_quietly(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def expect_told(bare: Bare, told: str) -> None:
    """What was told to be done is done."""
    found = {pull.number: pull for pull in invariants.Store.of(bare).pulls}
    for line in told.splitlines():
        word, _, number = line.partition(" ")
        pull = found[int(number)]
        if word == "comment":
            assert pull.comments[0].text == f"comment on {pull.head}"
        elif word in ("closed", "merged"):
            assert pull.state == word


def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(
    far: LocalFarSide, branches: Branches
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    moments = random.Random(seed)
    done = 0
    for turn in range(8):
        names = [f"work/{turn}-{n}" for n in range(15)]
        branches(names)
        process = start(LABOURER, far.bare, names)
        time.sleep(moments.uniform(0.0, 0.35))
        told = kill(process, with_children=turn % 2 == 1)
        expect_told(far.bare, told)
        began = time.monotonic()
        invariants.check(far.bare)
        invariants.check_objects(far.bare)
        pulls.open_pull(far.bare, draft_from(names[-1]), by="gatehouse")
        assert time.monotonic() - began < 10, "a dead process kept the store locked"
        done += len(told.splitlines())
    assert done > 8, "the processes were killed before they did anything"


@pytest.mark.parametrize("name", [META, "refs/gatehouse/scratch", "refs/pull/1/head"])
def test_a_lock_file_of_a_dead_git_is_taken_away(
    far: LocalFarSide, branches: Branches, name: str
) -> None:
    branches(["x"])
    lock = far.bare.directory / f"{name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    assert pulls.open_pull(far.bare, draft_from("x"), by="gatehouse").number == 1
    assert not lock.exists()


@contextmanager
def _no_lock(self: Bare) -> Iterator[Bare]:
    yield self


def test_a_lost_race_on_the_chain_is_run_again(
    far: LocalFarSide, branches: Branches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who does not take the writer lock still cannot be overwritten."""
    branches(["x", "y"])
    original = Bare.move_refs
    raced: list[bool] = []

    def move_refs(self: Bare, *moves: Move) -> bool:
        if not raced and moves[-1].ref == META:
            raced.append(True)
            with monkeypatch.context() as patch:
                patch.setattr(Bare, "lock", _no_lock)
                pulls.open_pull(far.bare, draft_from("y"), by="stranger")
        return original(self, *moves)

    monkeypatch.setattr(Bare, "move_refs", move_refs)
    assert pulls.open_pull(far.bare, draft_from("x"), by="gatehouse").number == 2
    assert [pull.head for pull in invariants.Store.of(far.bare).pulls] == ["y", "x"]
    invariants.check(far.bare)
