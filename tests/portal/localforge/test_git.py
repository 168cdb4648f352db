"""Smart HTTP with a real git client: who may clone what, and that nobody pushes."""

import base64
import gzip
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from pytest_django.live_server_helper import LiveServer

from gitops.forges.base import RepositoryPath
from gitops.forges.local import http
from portal.localforge.views import git as views
from tenants import tokens
from tests.gitops.forges.clone import git
from tests.portal.localforge.conftest import HEAD, Browser, Far, People

REFS = "/git/platform/fleet.git/info/refs?service=git-upload-pack"
PACK = "/git/platform/fleet.git/git-upload-pack"
FLUSH = b"0014command=ls-refs\n0000"
Token = Callable[[str], str]


@pytest.fixture
def token(people: People) -> Token:
    def make(name: str) -> str:
        return tokens.create(owner=getattr(people, name), name="git", scopes=["read"])[1]

    return make


def basic(password: str, user: str = "x") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.usefixtures("emptied")
def test_clone_fetch_and_push(
    live_server: LiveServer, far: Far, token: Token, tmp_path: Path
) -> None:
    """A clone with the token as password, a shallow one as Bearer, a fetch, a refused push."""
    secret = token("alice")
    url = live_server.url.replace("://", f"://anybody:{secret}@") + "/git/platform/fleet.git"
    copy = tmp_path / "copy"
    git("clone", "--quiet", url, str(copy), cwd=tmp_path)
    assert git("rev-parse", "HEAD", cwd=copy) == far.branch("main")
    assert git("rev-parse", f"origin/{HEAD}", cwd=copy) == far.branch(HEAD)
    commit = far.work().commit("main", {"new": "1\n"}, onto="origin/main", message="New")
    git("fetch", "--quiet", cwd=copy)
    assert git("rev-parse", "origin/main", cwd=copy) == commit
    header = f"http.extraHeader=Authorization: Bearer {secret}"
    shallow = tmp_path / "shallow"
    plain = f"{live_server.url}/git/platform/fleet.git"
    git("-c", header, "clone", "--quiet", "--depth=1", plain, str(shallow), cwd=tmp_path)
    assert git("rev-list", "--count", "HEAD", cwd=shallow) == "1"
    assert (shallow / "new").read_text() == "1\n"
    with pytest.raises(AssertionError, match=r"remote: This address is for reading"):
        git("push", url, "HEAD:refs/heads/evil", cwd=copy)
    assert far.branch("evil") is None
    with pytest.raises(AssertionError, match=r"Authentication failed|could not read Username"):
        git("ls-remote", plain, cwd=tmp_path)
    blue = url.replace("platform/fleet", "iris-red/apps")
    with pytest.raises(AssertionError, match="not found"):
        git("ls-remote", blue, cwd=tmp_path)


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [("bob", "platform/fleet", 200), ("alice", "platform/fleet", 200),
     ("alice", "iris-blue/apps", 200), ("charlie", "iris-blue/apps", 404),
     ("eve", "platform/fleet", 404), ("bob", "platform/nothing", 404), ("bob", "../x", 404)],
)  # fmt: skip
def test_who_may_read(
    browser: Browser, token: Token, far: Far, who: str, path: str, status: int
) -> None:
    for client, headers in (
        (browser(who), {}),
        (browser(""), basic(token(who))),
        (browser(""), basic(token(who), user="")),
        (browser(""), {"Authorization": f"Bearer {token(who)}"}),
    ):
        refs = client.get(f"/git/{path}.git/info/refs?service=git-upload-pack", headers=headers)
        assert refs.status_code == status
        pack = client.post(
            f"/git/{path}.git/git-upload-pack",
            FLUSH,
            content_type=http.REQUEST_TYPE,
            headers={**headers, "Git-Protocol": "version=2"},
        )
        assert pack.status_code == status
        if status == 200:
            assert refs["Cache-Control"].startswith("max-age=0, no-cache")
            main = far.branch("main", RepositoryPath.parse(path)) or ""
            assert main.encode() in b"".join(refs)
            assert b"refs/pull" not in b"".join(pack)


def test_nobody_is_asked_who_they_are(people: People, token: Token, far: Far) -> None:
    good = token("bob")
    revoked = token("bob")
    tokens.revoke(tokens.find(revoked), by=people.bob)  # type: ignore[arg-type]
    tampered = good[:-1] + ("A" if good[-1] != "A" else "B")
    for headers in (
        {},
        basic(""),
        basic("bob"),
        basic(tampered),
        basic(revoked),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": f"Token {good}"},
        {"Authorization": "Bearer"},
    ):
        for answer in (
            Client().get(REFS, headers=headers),
            Client().post(PACK, FLUSH, content_type=http.REQUEST_TYPE, headers=headers),
        ):
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"].startswith('Basic realm="Gatehouse')
    people.bob.is_active = False
    people.bob.save()
    assert Client().get(REFS, headers=basic(good)).status_code == 401


def test_a_wrong_token_is_not_made_good_by_a_session(browser: Browser, far: Far) -> None:
    assert browser("bob").get(REFS, headers=basic("gh_wrong")).status_code == 401


def test_no_csrf_token_is_asked_of_git(people: People, token: Token) -> None:
    client = Client(enforce_csrf_checks=True)
    headers = basic(token("bob"))
    sent = client.post(PACK, FLUSH, content_type=http.REQUEST_TYPE, headers=headers)
    assert sent.status_code == 200


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "info/refs?service=git-receive-pack"),
        ("post", "git-receive-pack"),
        ("get", "git-receive-pack"),
    ],
)
@pytest.mark.parametrize("who", ["bob", ""])
def test_nobody_pushes(browser: Browser, far: Far, who: str, method: str, address: str) -> None:
    refused = getattr(browser(who), method)(f"/git/platform/fleet.git/{address}")
    assert refused.status_code == 403
    assert refused["Content-Type"].startswith("text/plain")
    assert b"This address is for reading." in refused.content


def test_what_is_not_smart_http(browser: Browser, far: Far) -> None:
    client = browser("bob")
    assert client.get("/git/platform/fleet.git/info/refs").status_code == 403
    assert client.get("/git/platform/fleet.git/HEAD").status_code == 404
    assert client.get(PACK).status_code == 405
    assert client.post(PACK, {"a": "form"}).status_code == 415
    assert client.get("/git/platform/fleet.git")["Location"] == "/forge/platform/fleet/"
    for encoding, body in (("br", b"x"), ("gzip", b"no gzip")):
        headers = {"Content-Encoding": encoding}
        answer = client.post(PACK, body, content_type=http.REQUEST_TYPE, headers=headers)
        assert answer.status_code == 400


def test_requests_packed_and_in_chunks(people: People, far: Far) -> None:
    """What git sends when it has much to say; Django alone would read nothing of the second."""
    plain, packed, chunked = (
        RequestFactory().post(PACK, body, content_type=http.REQUEST_TYPE, headers=headers)
        for body, headers in (
            (FLUSH, {"Git-Protocol": "version=2"}),
            (gzip.compress(FLUSH), {"Git-Protocol": "version=2", "Content-Encoding": "gzip"}),
            (b"-", {"Git-Protocol": "version=2", "Transfer-Encoding": "chunked"}),
        )
    )
    chunked.META.pop("CONTENT_LENGTH", None)
    chunked.META |= {"wsgi.input": BytesIO(FLUSH), "wsgi.input_terminated": True}
    answers = []
    for request in (plain, packed, chunked):
        request.user = people.bob
        answer = views.upload_pack(request, "platform", "fleet")
        assert isinstance(answer, StreamingHttpResponse)
        answers.append(b"".join(answer))
    assert b"refs/heads/main" in answers[0]
    assert answers == answers[:1] * 3


def test_a_damaged_repository_is_a_sentence(browser: Browser, far: Far) -> None:
    (far.store.directory(far.store.list()[2]) / "config").write_text("[broken\n")
    answer = browser("bob").get(REFS)
    assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain; charset=utf-8")
