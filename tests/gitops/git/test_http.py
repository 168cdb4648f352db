"""git's smart HTTP: credentials, refusals, hanging and lost connections."""

import base64
import os
import threading
import time
from pathlib import Path

import pytest

from gitops.errors import Cause, DeliveryError
from gitops.git.mirror import Mirror, Remote
from gitops.git.push import RefUpdate
from gitops.git.refusals import PushOutcome
from tests.gitops.git.conftest import MakeMirror, Origin, draft
from tests.gitops.git.smart_http import SmartHttp

TOKEN = "canary-token-0123456789"
BASIC = "Basic " + base64.b64encode(f"bot:{TOKEN}".encode()).decode()


@pytest.fixture
def over_http(make_mirror: MakeMirror, http: SmartHttp) -> Mirror:
    header = ("http.extraHeader", f"Authorization: {BASIC}")
    return make_mirror("http", Remote(url=http.url(), config=(header,)))


def deliver(mirror: Mirror, name: str = "b") -> tuple[str, PushOutcome]:
    (made,) = mirror.commit_many([draft(mirror.fetch("main"), {f"{name}.yaml": "x\n"})])
    (result,) = mirror.push([RefUpdate(branch=name, commit=made.unwrap(), expect=None)])
    return made.unwrap(), result.outcome


def test_the_whole_way(over_http: Mirror, http: SmartHttp, origin: Origin) -> None:
    http.demand = BASIC
    commit, outcome = deliver(over_http)
    assert outcome is PushOutcome.OK
    assert origin.branch("b") == commit
    assert over_http.remote_refs("refs/heads/b") == {"refs/heads/b": commit}
    (gone,) = over_http.push([RefUpdate(branch="b", commit=None, expect=commit)])
    assert gone.outcome is PushOutcome.OK
    assert TOKEN not in (over_http.path / "config").read_text()


def test_updates_and_deletions_in_one_push(over_http: Mirror, origin: Origin) -> None:
    old, _ = deliver(over_http, "old")
    (made,) = over_http.commit_many([draft(old, {"y": "y\n"})])
    results = over_http.push(
        [
            RefUpdate(branch="old", commit=None, expect=old),
            RefUpdate(branch="new", commit=made.unwrap(), expect=None),
        ]
    )
    assert [result.outcome for result in results] == [PushOutcome.OK, PushOutcome.OK]
    assert origin.branch("new") == made.unwrap()


def test_an_unchanged_branch_is_cheap(over_http: Mirror, http: SmartHttp) -> None:
    over_http.fetch("main")
    http.seen.clear()
    over_http.fetch("main")
    assert len(http.seen) == 2  # what the server can, and where the branch is


def test_a_moved_base_does_not_send_everything_again(
    over_http: Mirror, http: SmartHttp, origin: Origin
) -> None:
    """Without push.negotiate git knows no common commit and sends the whole tree."""
    origin.commit({f"d/{n}": os.urandom(300).hex() for n in range(300)})
    base = over_http.fetch("main")
    origin.commit({"d/0": "moved\n"})
    (made,) = over_http.commit_many([draft(base, {"x": "x\n"})])
    http.seen.clear()
    over_http.push([RefUpdate(branch="b", commit=made.unwrap(), expect=None)])
    sent = sum(size for _, path, size in http.seen if path.endswith("git-receive-pack"))
    assert sent < 20_000


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, b"", Cause.CREDENTIAL),
        (403, b"", Cause.PERMISSION),
        (404, b"", Cause.MISSING),
        (410, b"", Cause.MISSING),
        (429, b"", Cause.RATE_LIMITED),
        (500, b"", Cause.TRANSIENT),
        (503, b"", Cause.TRANSIENT),
        (200, b"<html>\na captive portal\n</html>\n", Cause.MISSING),
    ],
)
def test_what_a_status_means(
    over_http: Mirror, http: SmartHttp, status: int, body: bytes, cause: Cause
) -> None:
    (made,) = over_http.commit_many([draft(over_http.fetch("main"), {"x": "x"})])
    http.status, http.body = status, body
    update = RefUpdate(branch="b", commit=made.unwrap(), expect=None)
    for step in (
        lambda: over_http.fetch("main"),
        lambda: over_http.remote_refs("refs/heads/*"),
        lambda: over_http.push([update]),
    ):
        with pytest.raises(DeliveryError) as failed:
            step()
        assert failed.value.cause is cause


def test_a_wrong_credential_is_named_and_never_shown(
    make_mirror: MakeMirror, http: SmartHttp
) -> None:
    http.demand = BASIC
    wrong = ("http.extraHeader", "Authorization: Basic d3Jvbmc6c2VjcmV0LWNhbmFyeQ==")
    for config in ((), (wrong,)):
        mirror = make_mirror(f"m{len(config)}", Remote(url=http.url(), config=config))
        with pytest.raises(DeliveryError) as failed:
            mirror.fetch("main")
        assert failed.value.cause is Cause.CREDENTIAL
        assert "canary" not in f"{failed.value!r} {vars(failed.value)}"


def test_a_server_that_repeats_the_secret_back(over_http: Mirror, http: SmartHttp) -> None:
    """Some proxies print the request; git prints a text/plain body as `remote: …`."""
    http.status, http.headers = 403, {"Content-Type": "text/plain; charset=utf-8"}
    http.body = f"you sent {BASIC} which is bot:{TOKEN}\n".encode()
    with pytest.raises(DeliveryError) as failed:
        over_http.fetch("main")
    shown = f"{failed.value!r} {vars(failed.value)}"
    assert "you sent" in shown
    assert TOKEN not in shown
    assert BASIC.split()[1] not in shown


def test_redirects_are_not_followed(over_http: Mirror, http: SmartHttp, tmp_path: Path) -> None:
    with SmartHttp(tmp_path / "forge") as other:
        http.status = 302
        http.headers = {"Location": other.url() + "/info/refs?service=git-upload-pack"}
        with pytest.raises(DeliveryError) as failed:
            over_http.fetch("main")
        assert other.seen == []
    assert failed.value.cause is Cause.MISSING


def test_a_server_that_is_not_there(make_mirror: MakeMirror) -> None:
    mirror = make_mirror("none", Remote(url="http://127.0.0.1:9/x.git"))
    with pytest.raises(DeliveryError) as failed:
        mirror.fetch("main")
    assert failed.value.cause is Cause.TRANSIENT


def test_tls_that_does_not_verify(make_mirror: MakeMirror, http: SmartHttp) -> None:
    """Plain HTTP where TLS was expected: the handshake fails, which may pass."""
    mirror = make_mirror("tls", Remote(url=http.url().replace("http://", "https://")))
    with pytest.raises(DeliveryError) as failed:
        mirror.fetch("main")
    assert failed.value.cause is Cause.TRANSIENT


def test_a_server_that_hangs(make_mirror: MakeMirror, http: SmartHttp) -> None:
    mirror = make_mirror("slow", Remote(url=http.url()), fetch=0.5, network=0.5)
    http.hold = threading.Event()
    started = time.monotonic()
    for step in (lambda: mirror.fetch("main"), lambda: mirror.remote_refs("refs/heads/*")):
        with pytest.raises(DeliveryError, match="was stopped after") as passed:
            step()
        assert passed.value.cause is Cause.TRANSIENT
    assert time.monotonic() - started < 5
    http.hold.set()
    assert mirror.fetch("main")  # and nothing stands in the way of the next


def test_a_connection_that_is_lost_after_the_effect(
    over_http: Mirror, http: SmartHttp, origin: Origin
) -> None:
    (made,) = over_http.commit_many([draft(over_http.fetch("main"), {"x": "x\n"})])
    update = RefUpdate(branch="b", commit=made.unwrap(), expect=None)
    http.cut_after_push = True
    try:
        (result,) = over_http.push([update])
        cause = result.cause
    except DeliveryError as error:
        cause = error.cause
    assert cause is Cause.TRANSIENT
    assert origin.branch("b") == made.unwrap()
    http.cut_after_push = False
    (again,) = over_http.push([update])
    assert again.outcome is PushOutcome.UP_TO_DATE


def test_no_secret_in_any_argument_list(
    over_http: Mirror, http: SmartHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every process's command line, looked at over and over while fetch and push wait."""
    (made,) = over_http.commit_many([draft(over_http.fetch("main"), {"x": "x\n"})])
    update = RefUpdate(branch="b", commit=made.unwrap(), expect=None)
    for step in (lambda: over_http.fetch("main"), lambda: over_http.push([update])):
        http.hold, http.held = threading.Event(), threading.Event()
        worker = threading.Thread(target=step)
        worker.start()
        assert http.held.wait(10)
        lines = [_command_line(path) for path in Path("/proc").glob("[0-9]*")]
        http.hold.set()
        worker.join()
        assert any(b"remote-http" in line for line in lines)
        assert not any(TOKEN.encode() in line or BASIC.encode() in line for line in lines)


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
