"""Clones over smart HTTP, with a real git client and a server on loopback."""

import gzip
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from gitops.forges.base import Invalid, PullRequestDraft
from gitops.forges.local import http, pulls
from tests.gitops.forges.clone import git
from tests.gitops.forges.conftest import Branches, LocalFarSide


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def url(far: LocalFarSide) -> Iterator[str]:
    """The address of the repository, served as a view would."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        protocol = environ.get("HTTP_GIT_PROTOCOL", "")
        seen.append(protocol)
        if environ["REQUEST_METHOD"] == "GET":
            start_response("200 OK", [("Content-Type", http.ADVERTISEMENT_TYPE)])
            return http.upload_pack_advertise(far.bare, protocol=protocol)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        encoding = environ.get("HTTP_CONTENT_ENCODING", "")
        encodings.append(encoding)
        start_response("200 OK", [("Content-Type", http.RESULT_TYPE)])
        return http.upload_pack(far.bare, [body], protocol=protocol, encoding=encoding)

    seen: list[str] = []
    encodings: list[str] = []
    server: WSGIServer = make_server("127.0.0.1", 0, serve, handler_class=Quiet)
    server.seen, server.encodings = seen, encodings  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/git/platform/fleet.git"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_clone_and_fetch(
    far: LocalFarSide, branches: Branches, url: str, tmp_path: Path, version: str
) -> None:
    branches(["x"])
    pulls.open_pull(far.bare, PullRequestDraft(head="x", base="main", title="x"), by="gatehouse")
    speak = ("-c", f"protocol.version={version}")
    listed = git(*speak, "ls-remote", url, cwd=tmp_path)
    assert [line.split("\t")[1] for line in listed.splitlines()] == [
        "HEAD", "refs/heads/main", "refs/heads/x",
    ]  # fmt: skip
    clone = tmp_path / "clone"
    git(*speak, "clone", "--quiet", url, str(clone), cwd=tmp_path)
    assert git("rev-parse", "HEAD", cwd=clone) == far.branch("main")
    commit = far.push("main", {"more": "1\n"})
    git(*speak, "pull", "--quiet", cwd=clone)
    assert git("rev-parse", "HEAD", cwd=clone) == commit
    git("fsck", cwd=clone)


@pytest.mark.parametrize("ref", ["refs/pull/1/head", "refs/gatehouse/meta"])
def test_hidden_refs_cannot_be_fetched(
    far: LocalFarSide, branches: Branches, url: str, tmp_path: Path, ref: str
) -> None:
    branches(["x"])
    pulls.open_pull(far.bare, PullRequestDraft(head="x", base="main", title="x"), by="gatehouse")
    with pytest.raises(AssertionError, match="couldn't find remote ref"):
        git("fetch", url, ref, cwd=far.clone.directory)


def test_pushing_over_http_is_not_there(far: LocalFarSide, url: str) -> None:
    with pytest.raises(AssertionError):
        far.clone.git("push", url, "HEAD:refs/heads/evil")
    assert far.branch("evil") is None


def test_a_long_compressed_request_and_a_long_answer(
    far: LocalFarSide, branches: Branches, url: str, tmp_path: Path
) -> None:
    """Many wants make git compress; many bytes both ways must not block each other."""
    names = [f"many/{n}" for n in range(300)]
    branches(names)
    far.push("big", {"big": "".join(f"{n * n}\n" for n in range(200_000))})
    clone = tmp_path / "clone"
    git("clone", "--quiet", url, str(clone), cwd=tmp_path)
    assert len(git("branch", "--remotes", cwd=clone).splitlines()) == 300 + 3
    assert git("rev-parse", "origin/big", cwd=clone) == far.branch("big")


def test_requests_are_unpacked_and_bounded(far: LocalFarSide) -> None:
    flush = b"0014command=ls-refs\n0000"
    plain = b"".join(http.upload_pack(far.bare, [flush], protocol="version=2"))
    assert (far.branch("main") or "").encode() in plain
    packed = gzip.compress(flush)
    pieces = [packed[:10], packed[10:]]
    unpacked = http.upload_pack(far.bare, pieces, protocol="version=2", encoding="gzip")
    assert b"".join(unpacked) == plain
    bomb = gzip.compress(b"0" * (http.REQUEST_LIMIT + 1))
    for body, encoding in (
        ([b"0" * http.REQUEST_LIMIT, b"0"], ""),
        ([bomb], "gzip"),
        ([b"not gzip"], "gzip"),
        ([b""], "br"),
    ):
        with pytest.raises(Invalid):
            http.upload_pack(far.bare, body, encoding=encoding)


@pytest.mark.parametrize(
    "header", ["version=2; rm -rf /", "version=9", "x" * 5000, "a=b:version=3"]
)
def test_an_unknown_protocol_is_the_first(far: LocalFarSide, header: str) -> None:
    told = b"".join(http.upload_pack_advertise(far.bare, protocol=header))
    assert told.startswith(b"001e# service=git-upload-pack\n0000")
    assert b"refs/pull" not in told


def test_nothing_runs_when_the_client_has_gone(far: LocalFarSide) -> None:
    before, there = threading.active_count(), children()
    answer = http.upload_pack_advertise(far.bare)
    next(answer)
    next(answer)
    started = children() - there
    assert started
    assert threading.active_count() > before
    answer.close()  # type: ignore[attr-defined]
    assert not started & children()
    assert threading.active_count() == before


def children() -> set[str]:
    """The processes that this one has started and not seen the end of."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}
