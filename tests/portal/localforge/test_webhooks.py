"""The webhook sender against real receivers on loopback: a plain one, and the portal's own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from gitops import secret_files
from gitops.forges.base import WebhookEvent
from gitops.forges.local import events, merging, pulls
from gitops.forges.local.adapter import LocalForge
from gitops.git.runner import GitRunner
from gitops.models import Connection, WebhookDelivery
from portal import tasks
from portal.localforge import webhooks
from tests.portal.localforge.conftest import BLUE, FLEET, Far, People

SECRET = b"0123456789abcdef0123456789abcdef"


class Receiver(HTTPServer):
    """Answers with the next of `answers` (200 when there is none), and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.got: list[tuple[str, WebhookEvent]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/forge/local/"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = LocalForge.verify_webhook(dict(self.headers), body, [SECRET])
        self.server.got.append((self.path, event))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_delivered", {})
    monkeypatch.setattr(webhooks, "_complaints", {})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(far: Far, url: str) -> int:
    return webhooks.send_pending(far.store, SECRET, url)


def test_what_happened_is_told_once_and_in_order(far: Far, receiver: Receiver) -> None:
    pulls.comment(far.bare(), 1, "hello", by="bob")
    merging.merge(far.bare(), 1, by="bob")
    assert send(far, receiver.url) == 4
    told = [(str(e.repository), e.event, e.pull_request) for _, e in receiver.got]
    assert told == [
        ("iris-blue/apps", "pull_request", 1),
        *[("platform/fleet", "pull_request", 1)] * 3,
    ]
    assert {path for path, _ in receiver.got} == {"/hooks/forge/local/"}
    assert len({e.delivery_id for _, e in receiver.got}) == 4
    assert send(far, receiver.url) == 0
    assert events.delivered(far.bare()) == 3


def test_an_idle_second_starts_no_git(
    far: Far, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    while send(far, receiver.url):
        pass
    send(far, receiver.url)
    started: list[Any] = []
    run = GitRunner.run

    def counting(self: GitRunner, *args: Any, **options: Any) -> Any:
        started.append(args)
        return run(self, *args, **options)

    monkeypatch.setattr(GitRunner, "run", counting)
    assert send(far, receiver.url) == 0
    assert started == []
    pulls.comment(far.bare(), 1, "news", by="bob")
    started.clear()
    assert send(far, receiver.url) == 1
    assert started
    far.bare().git("pack-refs", "--all")  # as housekeeping does
    assert send(far, receiver.url) == 0
    pulls.comment(far.bare(), 1, "after packing", by="bob")
    assert send(far, receiver.url) == 1
    far.bare().git("pack-refs", "--all")
    assert send(far, receiver.url) == 0
    pulls.comment(far.bare(), 1, "packed before anybody looked", by="bob")
    far.bare().git("pack-refs", "--all")
    assert send(far, receiver.url) == 1


def test_a_merge_by_plain_git_is_told(far: Far, receiver: Receiver) -> None:
    while send(far, receiver.url):
        pass
    send(far, receiver.url)
    receiver.got.clear()
    head = far.pull().head
    far.work().merge(head, "main")
    assert send(far, receiver.url) == 1
    assert pulls.get(far.bare(), 1).state == "merged"


@pytest.mark.parametrize("status", [302, 401, 404, 503])
def test_the_cursor_moves_after_2xx_only(far: Far, receiver: Receiver, status: int) -> None:
    pulls.comment(far.bare(), 1, "hello", by="bob")
    receiver.answers = [200, 200, status]
    assert send(far, receiver.url) == 2
    assert events.delivered(far.bare()) == 1
    assert send(far, receiver.url) == 1
    again = receiver.got[-2:]
    assert again[0][1].delivery_id == again[1][1].delivery_id


def test_nobody_listens(far: Far, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    closed = "http://127.0.0.1:1/hooks/forge/local/"
    for _ in range(3):
        assert send(far, closed) == 0
    assert len(caplog.records) == 1  # not one each second
    assert send(far, receiver.url) == 2


def test_a_receiver_that_hangs_costs_its_time_limit(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket
    import time

    monkeypatch.setattr(webhooks, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = time.monotonic()
        assert send(far, f"http://127.0.0.1:{silent.getsockname()[1]}/hooks/") == 0
        assert time.monotonic() - before < 3
    assert events.delivered(far.bare(BLUE)) == 0


def test_a_damaged_repository_keeps_no_other_waiting(far: Far, receiver: Receiver) -> None:
    (far.store.directory(BLUE) / "config").write_text("[broken\n")
    assert send(far, receiver.url) == 1
    assert str(receiver.got[0][1].repository) == "platform/fleet"


def test_two_at_once_send_nothing_twice(far: Far, receiver: Receiver) -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(send(far, receiver.url))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send(far, receiver.url)
    assert len(receiver.got) == len({e.delivery_id for _, e in receiver.got}) == 2


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8000/hooks/", True),
        ("http://127.7.7.7/hooks/", True),
        ("http://[::1]:8000/hooks/", True),
        ("http://localhost:1/hooks/", True),
        ("https://gatehouse.example.com/hooks/", True),
        ("https://gatehouse.example.com:443/hooks/", True),
        ("http://gatehouse.example.com/hooks/", False),
        ("https://gatehouse.example.com:8443/hooks/", False),
        ("https://gatehouse.example.com@evil.example/", False),
        ("https://x@gatehouse.example.com/", False),
        ("http://169.254.169.254/latest/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.evil.example/", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("file:///etc/passwd", False),
        ("http://127.0.0.1:99999/", False),
        ("", False),
    ],
)
def test_where_webhooks_may_go(settings: Settings, url: str, allowed: bool) -> None:
    settings.PUBLIC_URL = "https://gatehouse.example.com"
    assert webhooks.is_allowed(url) is allowed


def test_nothing_is_sent_without_a_secret_or_to_elsewhere(far: Far, receiver: Receiver) -> None:
    assert webhooks.send_pending(far.store, b"", receiver.url) == 0
    assert webhooks.send_pending(far.store, SECRET, "http://192.0.2.1/") == 0
    assert receiver.got == []


@pytest.mark.usefixtures("emptied")
def test_the_task_reaches_the_portals_own_receiver(
    live_server: LiveServer, far: Far, people: People, settings: Settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    assert tasks.send_local_webhooks() == 2
    rows = WebhookDelivery.objects.order_by("repository").values_list("repository", "pull_request")
    assert list(rows) == [("iris-blue/apps", 1), ("platform/fleet", 1)]
    assert tasks.send_local_webhooks() == 0


def test_the_task_without_a_secret(people: People, far: Far) -> None:
    secret_files.path("webhook-local").unlink()
    assert tasks.send_local_webhooks() == 0
    Connection.objects.update(webhook_secret_name="")
    assert tasks.send_local_webhooks() == 0
    assert events.delivered(far.bare(FLEET)) == 0
