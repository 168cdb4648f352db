"""The product itself, started as `make run` starts it, and a real browser in front of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.needs import need

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Product:
    """A running Gatehouse with the demo fleet."""

    url: str
    data: Path
    environ: dict[str, str]

    def manage(self, *args: str) -> str:
        """Run a management command against it; answers what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def git(self, *args: str, repository: str = "platform/fleet") -> str:
        """Plain git in one of the local forge's bare repositories."""
        folder = self.data / "forge" / f"{repository}.git"
        done = subprocess.run(
            ["git", "-C", str(folder), *args], capture_output=True, text=True, check=True
        )
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once for all tests of this folder."""
    data = tmp_path_factory.mktemp("product")
    port = _free_port()
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TMPDIR"}}
    environ = {
        **kept,
        "GATEHOUSE_DATA": str(data),
        "GATEHOUSE_ENV_FILE": "",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    log = (data / "up.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environ, stdout=log, stderr=log
    )
    found = Product(url=f"http://127.0.0.1:{port}", data=data, environ=environ)
    try:
        _await_ready(found, process)
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        log.close()


def _await_ready(product: Product, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{product.url}/readyz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail((product.data / "up.log").read_text())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = need("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Visitor:
    """Somebody signed in, in a browser of their own; `complaints` is what its console said."""

    page: Page
    url: str
    complaints: list[str]

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


SignIn = Callable[..., Visitor]


@pytest.fixture
def sign_in(product: Product, browser: Browser) -> Iterator[SignIn]:
    """`sign_in("alice", width=390, javascript=False, theme="dark")`."""
    contexts: list[BrowserContext] = []

    def signed_in(
        name: str, *, width: int = 1440, javascript: bool = True, theme: str = "light"
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            color_scheme="dark" if theme == "dark" else "light",
        )
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(product.url + "/accounts/login/")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", "demo")
        page.press("input[name=password]", "Enter")
        page.wait_for_url(product.url + "/")
        return Visitor(page=page, url=product.url, complaints=complaints)

    yield signed_in
    for context in contexts:
        context.close()
