"""Real repositories on the far side, over a path and over git's own smart HTTP on loopback."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitops.git.mirror import CommitDraft, Deadlines, Identity, Mirror, Remote
from tests.gitops.git.smart_http import SmartHttp

Content = str | None | tuple[str, str]


@dataclass
class Origin:
    """A bare repository that somebody else writes to as well."""

    path: Path

    def git(self, *args: str, stdin: bytes = b"") -> str:
        """Run git as somebody else would; its output, stripped."""
        environment = {"PATH": os.environ["PATH"], "HOME": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *args], cwd=self.path, input=stdin, env=environment, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "backslashreplace").strip()

    def commit(self, files: Mapping[str, Content], *, branch: str = "main") -> str:
        """Commit files (None deletes; (mode, content or id) for anything but a plain file)."""
        stream = [b"commit refs/heads/%s\n" % branch.encode()]
        stream.append(b"committer Some Body <some@body> 1700000000 +0000\ndata 5\nwork\n\n")
        if self.git("for-each-ref", f"refs/heads/{branch}"):
            stream.append(b"from refs/heads/%s^0\n" % branch.encode())
        for path, content in files.items():
            mode, text = content if isinstance(content, tuple) else ("100644", content)
            if text is None:
                stream.append(b'D "%s"\n' % path.encode())
            elif mode == "160000":
                stream.append(b'M 160000 %s "%s"\n' % (text.encode(), path.encode()))
            else:
                data = text.encode()
                stream.append(b'M %s inline "%s"\n' % (mode.encode(), path.encode()))
                stream.append(b"data %d\n%s\n" % (len(data), data))
        self.git("fast-import", "--quiet", "--done", stdin=b"".join([*stream, b"done\n"]))
        return self.branch(branch)

    def branch(self, name: str) -> str:
        """The commit a branch is at, or ""."""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{name}")

    def files(self, commit: str) -> dict[str, str]:
        """Path and text of every file."""
        names = self.git("ls-tree", "-r", "--name-only", commit).splitlines()
        return {name: self.git("show", f"{commit}:{name}") for name in names}

    def hook(self, name: str, script: str) -> None:
        """Install a hook on the server's side."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def make_origin(path: Path) -> Origin:
    """An empty bare repository that takes pushes over HTTP."""
    path.mkdir(parents=True)
    origin = Origin(path)
    origin.git("init", "--quiet", "--bare", "--initial-branch=main")
    origin.git("config", "http.receivepack", "true")
    return origin


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit on main, to be copied."""
    made = make_origin(tmp_path_factory.mktemp("template") / "platform.git")
    made.commit({"README.md": "hello\n", "tenants/base/a.yaml": "a: 1\n"})
    return made.path


@pytest.fixture
def origin(tmp_path: Path, template: Path) -> Origin:
    """A repository of one's own with one commit on main."""
    path = tmp_path / "forge" / "team" / "platform.git"
    return Origin(Path(shutil.copytree(template, path)))


MakeMirror = Callable[..., Mirror]


@pytest.fixture
def make_mirror(tmp_path: Path, origin: Origin) -> Iterator[MakeMirror]:
    """`make_mirror(name="m", remote=…, **deadlines)`; without a remote, the origin by its path."""
    made: list[Mirror] = []

    def make(name: str = "mirror", remote: Remote | None = None, **deadlines: float) -> Mirror:
        by_path = Remote(url=str(origin.path), allow_file_below=tmp_path / "forge")
        times = Deadlines(**{"lock": 20.0, "network": 20.0, "fetch": 20.0, **deadlines})
        made.append(Mirror(tmp_path / "mirrors" / name, remote or by_path, deadlines=times))
        return made[-1]

    yield make
    for mirror in made:
        mirror.close()


@pytest.fixture
def mirror(make_mirror: MakeMirror) -> Mirror:
    """A mirror that reaches the origin by its path."""
    return make_mirror()


@pytest.fixture
def http(tmp_path: Path, origin: Origin) -> Iterator[SmartHttp]:
    """The folder of the origin, served over HTTP."""
    with SmartHttp(tmp_path / "forge") as server:
        yield server


AUTHOR = Identity(name="Gatehouse", email="gatehouse@example.org")


def draft(parent: str, changes: Mapping[str, str | None], **other: object) -> CommitDraft:
    """A draft with everything filled in."""
    values = {"message": "Add a namespace\n", "author": AUTHOR, "when": 1_700_000_000, **other}
    return CommitDraft(parent=parent, changes=tuple(changes.items()), **values)  # type: ignore[arg-type]
