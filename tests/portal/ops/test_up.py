"""The supervised process tree, really started, really killed."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portal.up import preflight
from portal.up.child import Child
from portal.up.probe import Probe
from portal.up.supervisor import Supervisor
from tests.portal.ops.tree import ROOT, Tree, free_port, manage, running, until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.xdist_group("up"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all: only the first start migrates."""
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def tree(data: Path) -> Iterator[Tree]:
    with running(data, free_port()) as tree:
        yield tree


@pytest.fixture
def redis_url(need: Callable[[str], str]) -> str:
    """Asked for first: where there is none, nothing is started in vain."""
    return need("redis")


@pytest.fixture
def migrated(tree: Tree) -> Path:
    """The data folder the tree has made, with nobody on it any more."""
    if tree.process.poll() is None:
        tree.process.terminate()
        tree.process.wait(15)
    return tree.data


def test_it_says_where_it_is_and_how_to_get_in(tree: Tree) -> None:
    assert f"http://127.0.0.1:{tree.port}/\n" in tree.says()
    assert "manage.py createsuperuser" in tree.says()  # DEMO=0
    assert tree.get("/readyz") == 200


def test_the_data_folder_is_its_owners_alone(tree: Tree) -> None:
    for path in (tree.data, tree.data / "secrets", tree.data / "logs"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (tree.data / "secrets" / "secret_key").stat().st_mode & 0o077 == 0


def test_the_clock_ticks_inside_the_worker_and_the_worker_works(tree: Tree) -> None:
    def both() -> bool:
        return {tree.checks()[name] for name in ("clock", "worker")} == {"ok"}

    until(both, "clock and worker have shown a sign of life")


def test_a_second_copy_is_refused_by_name(tree: Tree) -> None:
    second = manage("up", env={**tree.env, "PORT": str(free_port())})
    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert f"process {tree.process.pid}" in second.stderr


@pytest.mark.parametrize("name", ["worker", "web"])
def test_a_killed_child_is_started_again(tree: Tree, name: str) -> None:
    before = tree.alive(f"portal.up.{name}")
    main = tree.main_of(f"portal.up.{name}")
    assert main is not None
    os.kill(main, signal.SIGKILL)
    until(lambda: tree.main_of(f"portal.up.{name}") not in {None, main}, f"{name} runs again")
    until(lambda: not before & tree.alive(), f"nothing of the killed {name} is left")
    until(lambda: tree.get("/healthz") == 200, "the web server answers")
    assert f"{name} was killed by signal 9; starting it again" in tree.says()


def test_sigterm_ends_everything_in_ten_seconds(tree: Tree) -> None:
    started = time.monotonic()
    tree.process.send_signal(signal.SIGTERM)
    assert tree.process.wait(15) == 0
    assert time.monotonic() - started < 10
    assert not tree.alive()
    assert "Traceback" not in tree.says()


def test_kill_9_of_the_supervisor_leaves_no_child_and_a_free_folder(migrated: Path) -> None:
    port = free_port()
    with running(migrated, port) as second:
        assert len(second.alive()) >= 4  # web, its two processes, worker
        second.process.kill()
        until(lambda: not second.alive(), "no child is left", seconds=5)
        second.process.wait()
    preflight.check_address("127.0.0.1", port)
    preflight.lock_data_folder(migrated).close()


def test_with_redis_the_clock_is_a_program_of_its_own(redis_url: str, migrated: Path) -> None:
    redis = {"CELERY_BROKER_URL": redis_url, "SECRET_KEY": "k" * 40}
    with running(migrated, free_port(), **redis) as tree:
        until(lambda: tree.checks()["broker"] == "ok", "the broker is looked at")
        forget_heartbeats(migrated)
        until(lambda: tree.checks()["worker"] == "ok", "a message went all the way", seconds=30)
        assert tree.checks()["clock"] == "ok"
        assert len(tree.alive("portal.up.worker")) >= 3  # prefork: itself and two
        tree.process.kill()
        until(lambda: not tree.alive(), "no child is left, forked ones included", seconds=5)


def forget_heartbeats(data: Path) -> None:
    """Those of the embedded tree, seen a moment ago."""
    with closing(sqlite3.connect(data / "db.sqlite3", timeout=20)) as database:
        database.execute("DELETE FROM gitops_heartbeat")
        database.commit()


def test_a_child_that_cannot_start_ends_the_start(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(
        [Child("web", "portal.up.no_such_module", folder=ROOT, environ=os.environ)],
        stop_order=((frozenset({"web"}), 1.0),),
        probe=Probe(host="127.0.0.1", port=free_port(), name="localhost"),
        announce=lambda: said.append("ready"),
        say=said.append,
    )
    assert supervisor.run() == 1
    assert said[0] == "web ended with code 1; starting it again."
    assert said[-1].startswith("Gatehouse did not become ready: no answer")
    assert "ready" not in said


def test_an_orphaned_supervisor_stops() -> None:
    supervisor = Supervisor(
        [],
        stop_order=(),
        probe=Probe(host="127.0.0.1", port=free_port(), name="localhost"),
        announce=lambda: None,
        say=lambda _: None,
        is_orphaned=lambda: True,
    )
    assert supervisor.run() == 0
