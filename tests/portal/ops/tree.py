"""`manage.py up` as a person starts it, in a process of its own, and what of it still lives."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def environ(data: Path, port: int, **more: str) -> dict[str, str]:
    """A clean environment: nothing of the test process's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {
        "GATEHOUSE_DATA": str(data),
        "GATEHOUSE_ENV_FILE": "",
        "PORT": str(port),
        "DEMO": "0",
    }
    return {**kept, **ours, **more}


def manage(*words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=dict(env), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def until(holds: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait for something, and say what it was when it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.05)


@dataclass
class Tree:
    """A running `manage.py up`."""

    process: subprocess.Popen[str]
    env: Mapping[str, str]
    output: Path

    @property
    def data(self) -> Path:
        return Path(self.env["GATEHOUSE_DATA"])

    @property
    def port(self) -> int:
        return int(self.env["PORT"])

    def says(self) -> str:
        return self.output.read_text()

    def alive(self, module: str = "") -> set[int]:
        """Process ids of the tree (of one program, with all it forked), but the supervisor's."""
        marker = f"GATEHOUSE_DATA={self.data}".encode()
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile
                words = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes()
                if marker in words and module.encode() in command:
                    found.add(int(folder.name))
        return found - {self.process.pid}

    def main_of(self, module: str) -> int | None:
        """The process id of a program itself: the one whose parent is the supervisor."""
        for pid in self.alive(module):
            with suppress(OSError):
                stat = Path(f"/proc/{pid}/stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == self.process.pid:
                    return pid
        return None

    def checks(self) -> dict[str, str]:
        """What `/readyz` says of each part: its word."""
        with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
            return {name: c["status"] for name, c in json.load(response)["checks"].items()}

    def get(self, path: str) -> int:
        """The status code, or 0 when nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return int(response.status)
        except URLError as error:
            return getattr(error, "code", 0)
        except OSError:
            return 0


@contextmanager
def running(data: Path, port: int, **more: str) -> Iterator[Tree]:
    """A tree that is ready; whatever is left of it is killed afterwards."""
    env = environ(data, port, **more)
    output = data.with_name(f"{data.name}-output-{time.monotonic_ns()}")
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=env, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
    tree = Tree(process=process, env=env, output=output)
    try:
        until(
            lambda: "Gatehouse is ready" in tree.says() or process.poll() is not None,
            "the tree is ready",
            seconds=60,
        )
        assert process.poll() is None, tree.says()
        yield tree
    finally:
        for pid in {process.pid, *tree.alive()}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
