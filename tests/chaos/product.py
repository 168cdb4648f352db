"""A running Gatehouse, somebody who clicks in it, and somebody who kills it."""

import http.client
import http.cookiejar
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.portal.ops.tree import ROOT, Tree, free_port, running, until

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_DIGEST = re.compile(r'name="digest" value="(sha256:[0-9a-f]+)"')


@dataclass
class Product:
    """`manage.py up` on a data folder, which may be killed and started again."""

    data: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    tree: Tree = field(init=False)
    _running: AbstractContextManager[Tree] = field(init=False)

    def start(self) -> None:
        self._running = running(self.data, self.port, DEMO="1", **self.more)
        self.tree = self._running.__enter__()

    def stop(self) -> None:
        """Kill whatever is left."""
        self._running.__exit__(None, None, None)

    def environ(self) -> dict[str, str]:
        """The environment of people beside it: the same folder, by a name of their own, so that
        they are not taken for a part of the tree."""
        return {**self.tree.env, "GATEHOUSE_DATA": f"{self.data}/."}

    def far_side(self, *words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.far_side", *words],
            cwd=ROOT,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def merging(self) -> Iterator[None]:
        """Somebody merges what comes, all the while."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.far_side", "merge"], cwd=ROOT, env=self.environ()
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def asked(self, question: str) -> list[tuple[Any, ...]]:
        """The database's answer, which is looked into from outside."""
        path = f"file:{self.data / 'db.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=20)) as database:
            return database.execute(question).fetchall()

    def health(self) -> str:
        """What somebody who has to find out why would look at first."""
        logs = sorted((self.data / "logs").glob("*.log"))
        tails = [f"== {log.name}\n{log.read_text()[-2000:]}" for log in logs]
        beats = self.asked("SELECT name, seen_at FROM gitops_heartbeat")
        looked = self.asked(
            "SELECT owner, base_commit, claimed_until, rung_at, next_look_at, snapshot_error"
            " FROM gitops_repository"
        )
        return "\n".join([self.tree.says()[-2000:], *tails, f"{beats}", f"{looked}"])

    def processes(self) -> dict[int, str]:
        """Everything that works on the data folder, with or without our environment: git too."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                where = str((folder / "cwd").readlink())
                if str(self.data) in command or where.startswith(str(self.data)):
                    found[int(folder.name)] = command
        return found | dict.fromkeys(self.tree.alive(), "of the tree")


class Browser:
    """Somebody who clicks, and clicks again when nothing comes."""

    def __init__(self, port: int, username: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.username = username
        self.heard = ""
        self._opener = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def approve(self, number: int, *, patience: float = 60.0) -> int:
        """Approve what the page shows, until the page says that it is; answers the clicks."""
        clicks, deadline = 0, time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                page = self._page(f"/requests/{number}/")
                if not (digest := _DIGEST.search(page)):
                    return clicks
                clicks += 1
                self._post(f"/requests/{number}/approve/", page, digest=digest[1])
            except (OSError, http.client.HTTPException) as error:
                self.heard = str(error)
            time.sleep(0.1)
        raise AssertionError(f"#{number} not approved in {patience:.0f} s; last: {self.heard}")

    def _page(self, path: str) -> str:
        page, where = self._open(path)
        if "/accounts/login/" in where:
            self._post(where, page, username=self.username, password="demo", next=path)
            page, where = self._open(path)
            assert "/accounts/login/" not in where, "not signed in"
        return page

    def _post(self, path: str, page: str, **fields: str) -> None:
        token = _TOKEN.search(page)
        assert token, f"no form on {path}"
        try:
            self._open(path, {"csrfmiddlewaretoken": token[1], **fields})
        except HTTPError as refusal:  # the next look at the page tells
            words = re.findall(r'role="alert".*?</', refusal.read().decode(), re.DOTALL)
            self.heard = f"{refusal}: {' '.join(words)[:500]}"

    def _open(self, path: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
        url = path if path.startswith("http") else f"{self.base}{path}"
        data = urlencode(fields).encode() if fields else None
        with self._opener.open(Request(url, data, {"Referer": url}), timeout=10) as answer:  # noqa: S310
            return answer.read().decode(), answer.url


@dataclass
class Nemesis:
    """Kills parts of the product, with signal 9, as chance will have it."""

    product: Product
    chance: random.Random
    done: list[str] = field(default_factory=list)

    def kill(self, what: str) -> None:
        tree = self.product.tree
        if what == "parent":
            tree.process.kill()
            tree.process.wait()
            until(lambda: not tree.alive(), "no child outlives its parent", seconds=10)
            self.product.start()
        else:
            module = "portal.up.web" if what == "web-process" else f"portal.up.{what}"
            until(lambda: tree.main_of(module) is not None, f"{what} runs")
            main = tree.main_of(module)
            forked = sorted(tree.alive(module) - {main})
            victim = self.chance.choice(forked) if what == "web-process" and forked else main
            with suppress(ProcessLookupError):
                os.kill(victim or 0, signal.SIGKILL)
        self.done.append(what)
