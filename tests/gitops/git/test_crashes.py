"""Many processes at one mirror, and processes that are killed."""

import contextlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops.errors import Cause, DeliveryError
from gitops.git import locks
from gitops.git.mirror import Deadlines, Mirror, Remote
from gitops.git.push import RefUpdate
from gitops.git.runner import GitRunner
from tests.gitops.git.conftest import MakeMirror, Origin, draft
from tests.gitops.git.smart_http import SmartHttp

fork = multiprocessing.get_context("fork")


def deliver(mirror: Mirror, name: str, base: str | None = None) -> None:
    """As a worker does it; raises whatever goes wrong."""
    (made,) = mirror.commit_many([draft(base or mirror.fetch("main"), {f"t/{name}.yaml": "x\n"})])
    (result,) = mirror.push([RefUpdate(branch=name, commit=made.unwrap(), expect=None)])
    assert result.done, result


def _work(
    path: Path, remote: Remote, name: str, count: int, errors: "multiprocessing.Queue[str]"
) -> None:
    with Mirror(path, remote, deadlines=Deadlines(lock=30)) as mirror:
        for number in range(count):
            try:
                deliver(mirror, f"{name}/{number}")
            except BaseException as error:
                errors.put(f"{name}/{number}: {error!r}")


def test_eight_processes_one_mirror_and_a_base_that_moves(mirror: Mirror, origin: Origin) -> None:
    """None of them makes the mirror first: that race is part of it."""
    errors: multiprocessing.Queue[str] = fork.Queue()
    workers = [
        fork.Process(target=_work, args=(mirror.path, mirror.remote, f"w{n}", 3, errors))
        for n in range(8)
    ]
    for worker in workers:
        worker.start()
    moves = 0
    while any(worker.is_alive() for worker in workers):
        origin.commit({f"moved/{moves}": "x\n"})
        moves += 1
    for worker in workers:
        worker.join()
    assert [errors.get() for _ in range(errors.qsize())] == []
    assert moves > 3
    for n in range(8):
        for number in range(3):
            tip = origin.branch(f"w{n}/{number}")
            changed = origin.git("diff-tree", "-r", "--name-only", f"{tip}^", tip)
            assert changed == f"t/w{n}/{number}.yaml"


def test_threads_of_one_process_take_turns_too(make_mirror: MakeMirror, origin: Origin) -> None:
    mirrors = [make_mirror() for _ in range(6)]
    errors: list[BaseException] = []

    def run(mirror: Mirror, number: int) -> None:
        try:
            deliver(mirror, f"t{number}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(m, n)) for n, m in enumerate(mirrors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(origin.branch(f"t{n}") for n in range(6))


def test_only_the_fetch_waits_for_the_lock(make_mirror: MakeMirror, origin: Origin) -> None:
    mirror = make_mirror(lock=0.1)
    base = mirror.fetch("main")
    with locks.hold(mirror.path.with_name("mirror.lock"), wait=1):
        with pytest.raises(locks.LockBusy) as busy:
            mirror.fetch("main")
        deliver(mirror, "b", base)
    assert busy.value.cause is Cause.TRANSIENT
    assert origin.branch("b")
    assert mirror.fetch("main") == base


def _forever(path: Path, remote: Remote) -> None:
    with Mirror(path, remote) as mirror:
        number = 0
        while True:
            number += 1
            with contextlib.suppress(DeliveryError):
                deliver(mirror, f"b/{number % 3}")


def test_killed_at_any_moment(mirror: Mirror, origin: Origin) -> None:
    """kill -9 of the worker and its gits; the next goes on, and no branch is rewritten."""
    dice = random.Random(7)
    for turn in range(7):
        worker = fork.Process(target=_forever, args=(mirror.path, mirror.remote))
        worker.start()
        time.sleep(dice.uniform(0.02, 0.2))
        children = _descendants(worker.pid or 0)
        os.kill(worker.pid or 0, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        worker.join()
        before = {n: origin.branch(f"b/{n}") for n in range(3)}
        base = mirror.fetch("main")
        for n in range(3):
            deliver(mirror, f"b/{n}", base)
        assert all(old in ("", origin.branch(f"b/{n}")) for n, old in before.items()), turn
        mirror.close()
    mirror.housekeeping()


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found += [int(path.parent.name), *_descendants(int(path.parent.name))]
    return found


@pytest.mark.parametrize(
    "name",
    ["refs/gatehouse/base/main.lock", "packed-refs.lock", "config.lock", "HEAD.lock", "gc.pid"],
)
@pytest.mark.parametrize("use", [lambda m: m.fetch("main"), lambda m: m.housekeeping()])
def test_a_lock_that_a_dead_git_left(
    mirror: Mirror, origin: Origin, name: str, use: Callable[[Mirror], object]
) -> None:
    mirror.fetch("main")
    moved = origin.commit({"moved": "x\n"})
    (mirror.path / name).write_text(f"999999 {os.uname().nodename}\n")
    use(mirror)
    assert mirror.fetch("main") == moved
    assert not (mirror.path / name).exists()


def _fetch_once(path: Path, remote: Remote) -> None:
    with contextlib.suppress(DeliveryError), Mirror(path, remote) as mirror:
        mirror.fetch("main")


def test_a_git_that_outlives_its_worker_keeps_the_lock(
    make_mirror: MakeMirror, http: SmartHttp
) -> None:
    """Else its lock files would be taken for a dead one's while it is still at work."""
    mirror = make_mirror("m", Remote(url=http.url()), lock=0.2)
    mirror.fetch("main")
    http.hold = threading.Event()
    worker = fork.Process(target=_fetch_once, args=(mirror.path, mirror.remote))
    worker.start()
    assert http.held.wait(10)
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    with pytest.raises(locks.LockBusy):
        mirror.fetch("main")
    http.hold.set()
    patient = make_mirror("m", Remote(url=http.url()), lock=10)
    assert patient.fetch("main")


def test_a_mirror_that_was_half_made(mirror: Mirror) -> None:
    """Killed while making it: only whole mirrors get the name, and what is left is swept."""
    mirror.path.parent.mkdir(parents=True)
    half = mirror.path.with_name(f".{mirror.path.name}.0123.new")
    (half / "refs").mkdir(parents=True)
    (mirror.path / "objects").mkdir(parents=True)
    assert mirror.fetch("main")
    assert [path.name for path in mirror.path.parent.iterdir() if path.name[0] == "."] == []


def test_leftovers_are_swept_when_they_are_old(mirror: Mirror) -> None:
    mirror.fetch("main")
    folder = mirror.path / "objects/pack"
    old, young = folder / "tmp_pack_old", folder / "tmp_pack_young"
    (mirror.path / "objects/ab").mkdir(exist_ok=True)
    others = [mirror.path / "objects/ab/tmp_obj_x", mirror.path / "fast_import_crash_1"]
    for path in (old, young, *others):
        path.write_text("half")
    for path in (old, *others):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert locks.remove_leftovers(mirror.path, older_than=3600) == 3
    assert young.exists()
    assert not old.exists()


def test_housekeeping_packs_and_can_run_while_others_work(mirror: Mirror, origin: Origin) -> None:
    base = mirror.fetch("main")
    drafts = [draft(base, {f"t/{n}": f"{n}\n"}) for n in range(12)]
    for item in drafts:
        mirror.commit_many([item])
    worker = fork.Process(target=_fetch_once, args=(mirror.path, mirror.remote))
    worker.start()
    mirror.housekeeping()
    worker.join()
    assert len(list((mirror.path / "objects").glob("??/*"))) == 0
    assert [result.unwrap() for result in mirror.commit_many(drafts)]
    assert GitRunner().run(["fsck", "--strict"], git_dir=mirror.path).status == 0
