"""The border to git: what a child is given, how it ends, and what may be told of it."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitops.errors import Cause
from gitops.git.environment import child_environment
from gitops.git.failures import DeadlinePassed, GitFailed, classify, scrub
from gitops.git.runner import GitRunner
from tests.gitops.git.conftest import MakeMirror, Origin, draft

REPOSITORY = Path(__file__).parents[3]
GIT = shutil.which("git")

# Everything a git child may see; GIT_CONFIG_* are the settings.
ALLOWED = {
    "PATH", "LANG", "HOME", "GIT_DIR", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL",
    "GIT_ATTR_NOSYSTEM", "GIT_TERMINAL_PROMPT", "GIT_ASKPASS", "SSH_ASKPASS",
    "GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER", "GIT_OPTIONAL_LOCKS", "GIT_CONFIG_COUNT",
}  # fmt: skip


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git on PATH that writes down the environment and arguments it was started with."""
    log, folder = tmp_path / "seen", tmp_path / "fake-bin"
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f"#!/bin/sh\ncat /proc/$$/environ /proc/$$/cmdline >> {log}\n"
        f'PATH="${{PATH#*:}}"\nexec {GIT} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("GATEHOUSE_FORGE_TOKEN", "canary-in-our-environment")
    monkeypatch.setenv("https_proxy", "http://canary-proxy.example:1")
    monkeypatch.setenv("GIT_TRACE", "2")
    return log


def test_no_child_sees_our_environment(
    recorded: Path, make_mirror: MakeMirror, origin: Origin
) -> None:
    mirror = make_mirror()
    base = mirror.fetch("main")
    (made,) = mirror.commit_many([draft(base, {"x/y.yaml": "y: 1\n"})])
    mirror.is_ancestor(base, made.unwrap())
    mirror.remote_refs("refs/heads/*")
    mirror.read_blobs([mirror.tree(base)["README.md"].blob])
    mirror.housekeeping()
    seen = recorded.read_bytes()
    for command in (b"fetch", b"fast-import", b"diff-tree", b"cat-file", b"ls-tree", b"gc"):
        assert command in seen
    assert b"canary" not in seen
    assert b"GIT_TRACE" not in seen


def test_importing_gitpython_starts_nothing_with_our_environment(recorded: Path) -> None:
    code = (
        "import os; before = dict(os.environ); import gitops.git.objects;"
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    assert not recorded.exists()


def test_the_environment_is_a_short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_X", "canary")
    names = child_environment(extra={"GIT_DIR": "/x"}).keys()
    assert {
        name for name in names if not name.startswith(("GIT_CONFIG_KEY", "GIT_CONFIG_VAL"))
    } == (ALLOWED)


@pytest.mark.parametrize("name", ["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_ASKPASS"])
def test_what_guards_the_child_cannot_be_replaced(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        child_environment(extra={name: "x"})


def test_no_transport_is_allowed_unless_named(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as failed:
        GitRunner().run(["ls-remote", str(origin.path)])
    assert failed.value.cause is Cause.PERMISSION
    marker = tmp_path / "marker"
    with pytest.raises(GitFailed, match="not allowed"):
        GitRunner().run(["ls-remote", f"ext::touch {marker}"], protocols="https:file")
    assert not marker.exists()


def test_a_repository_that_is_found_by_chance_is_not_used(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a bare one nor one with a work tree, wherever we happen to be."""
    tree = origin.path.with_name("tree")
    origin.git("init", "--quiet", str(tree))
    for place in (origin.path, tree):
        monkeypatch.chdir(place)
        with pytest.raises(GitFailed):
            GitRunner().run(["rev-parse", "--git-dir"])


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("trap", ["", "trap '' TERM"])
def test_the_deadline_ends_the_whole_group(tmp_path: Path, trap: str) -> None:
    script, pid = tmp_path / "git", tmp_path / "pid"
    script.write_text(f"#!/bin/sh\n{trap}\nsleep 60 &\necho $! > {pid}\nwait; sleep 60\n")
    script.chmod(0o755)
    started = time.monotonic()
    with pytest.raises(DeadlinePassed) as passed:
        GitRunner(executable=str(script)).run(["fetch"], deadline=0.3)
    assert passed.value.cause is Cause.TRANSIENT
    assert time.monotonic() - started < 4
    for _ in range(100):
        if not _alive(int(pid.read_text())):
            break
        time.sleep(0.01)
    assert not _alive(int(pid.read_text()))


def test_a_time_limit_in_our_own_thread_leaves_nothing_behind(tmp_path: Path) -> None:
    """As Celery's soft limit does it under prefork: an exception out of a signal handler."""
    script, pid = tmp_path / "git", tmp_path / "pid"
    script.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    script.chmod(0o755)

    def limit(*_: object) -> None:
        raise TimeoutError("soft limit")

    before = signal.signal(signal.SIGALRM, limit)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError, match="soft limit"):
            GitRunner(executable=str(script)).run(["fetch"], deadline=30)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not _alive(int(pid.read_text()))


def test_without_git_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="could not be started") as raised:
        GitRunner(executable=str(tmp_path / "none")).run(["version"])
    assert getattr(raised.value, "cause", None) is Cause.BUG


def test_a_failure_tells_no_secret(tmp_path: Path) -> None:
    script = tmp_path / "git"
    text = "fatal: Authentication failed for 'https://bot:pass-word@forge.example/x' tok-123456"
    script.write_text(f'#!/bin/sh\necho "{text}" >&2\nexit 128\n')
    script.chmod(0o755)
    with pytest.raises(GitFailed) as failed:
        GitRunner(executable=str(script)).run(["fetch", "https://h/arg"], secrets=["tok-123456"])
    shown = f"{failed.value} {failed.value.stderr} {failed.value!r}"
    assert "Authentication failed for 'https://***@forge.example/x' ***" in shown
    assert "pass-word" not in shown
    assert "tok-123456" not in shown
    assert failed.value.cause is Cause.CREDENTIAL


def test_scrubbing_takes_control_codes_and_length_away() -> None:
    assert scrub(b"a\x1b[31mred\x00\x07b\r\nc") == "aredb\nc"
    assert len(scrub(b"x" * 100_000)) < 5000


# What git 2.39, curl and the forges print.
PRINTED = [
    ("fatal: unable to access 'https://h/': The requested URL returned error: 429", "rate-limited"),
    ("remote: Repository was archived so it is read-only.\nfatal: The requested URL returned error"
     ": 403", "permission"),
    ("remote: Permission to o/r.git denied to bot.\nfatal: unable to access 'https://h/': The "
     "requested URL returned error: 403", "permission"),
    ("remote: TF401027: You need the Git 'GenericContribute' permission", "permission"),
    ("fatal: transport 'file' not allowed", "permission"),
    ("fatal: could not read Username for 'https://h': terminal prompts disabled", "credential"),
    ("fatal: Authentication failed for 'https://h/x/'", "credential"),
    ("fatal: unable to access 'https://h/': SSL certificate problem: unable to get local issuer "
     "certificate", "credential"),
    ("fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none "
     "CRLfile: none", "credential"),
    ("fatal: repository 'https://h/x.git/' not found", "missing"),
    ("remote: Repository not found.\nfatal: repository 'https://h/x/' not found", "missing"),
    ("remote: TF401019: The Git repository with name x does not exist", "missing"),
    ("fatal: '/data/x.git' does not appear to be a git repository\nfatal: Could not read from "
     "remote repository.", "missing"),
    ("fatal: couldn't find remote ref refs/heads/x", "missing"),
    ("fatal: unable to access 'https://h/': Could not resolve host: h", "transient"),
    ("fatal: unable to access 'https://h/': Failed to connect to h port 443 after 1 ms: Couldn't "
     "connect to server", "transient"),
    ("fatal: unable to access 'https://h/': The requested URL returned error: 503", "transient"),
    ("error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: the remote end hung up "
     "unexpectedly\nfatal: early EOF", "transient"),
    ("error: RPC failed; curl 28 Operation too slow. Less than 1000 bytes/sec", "transient"),
    ("fatal: write error: No space left on device", "transient"),
    ("error: cannot lock ref 'refs/x': Unable to create '/m/refs/x.lock': File exists.",
     "transient"),
    ("fatal: something nobody foresaw", "bug"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), PRINTED)
def test_what_git_prints_names_the_cause(text: str, cause: str) -> None:
    assert classify(text) == cause


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("error: object file objects/ab/cd is empty\nfatal: loose object x is corrupt", True),
        ("fatal: bad object refs/gatehouse/base/main", True),
        ("fatal: not a git repository: '/data/m'", True),
        ("remote: fatal: bad object 1234\nfatal: early EOF", False),
        ("fatal: couldn't find remote ref refs/heads/x", False),
    ],
)
def test_a_broken_mirror_is_told_from_a_broken_remote(text: str, damaged: bool) -> None:
    assert GitFailed("fetch", 128, text).damaged is damaged


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_gitpython_is_used_in_one_file_only() -> None:
    """Its import starts git, and its dynamic calls run anything: no other module may have it."""
    sources = [path for name in ("gitops", "tenants", "portal") for path in
               (REPOSITORY / name).rglob("*.py")]  # fmt: skip
    users = {str(path.relative_to(REPOSITORY)) for path in sources if "git" in _imports(path)}
    assert users == {"gitops/git/objects.py"}
