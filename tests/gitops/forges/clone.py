"""A person's clone: plain git, with nothing of the code under test in between."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "dora",
    "GIT_AUTHOR_EMAIL": "dora@example.org",
    "GIT_COMMITTER_NAME": "dora",
    "GIT_COMMITTER_EMAIL": "dora@example.org",
    "GIT_TERMINAL_PROMPT": "0",
}


def git(*args: str, cwd: Path, env: Mapping[str, str] | None = None, check: bool = True) -> str:
    """Standard output of git, stripped. Its standard error is in the failure."""
    done = subprocess.run(
        ["git", *args],
        cwd=cwd,
        env={**ENVIRONMENT, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr}")
    return done.stdout.strip()


def clone(url: str, directory: Path) -> "Clone":
    """Clone `url`, which may be relative to `directory`, into `directory`."""
    directory.mkdir()
    git("init", "--quiet", "--initial-branch=main", cwd=directory)
    git("config", "maintenance.auto", "false", cwd=directory)
    git("remote", "add", "origin", url, cwd=directory)
    git("fetch", "--quiet", "origin", cwd=directory)
    git("checkout", "--quiet", "main", cwd=directory)
    return Clone(directory)


class Clone:
    """A work tree with its remote. Every method leaves what it made on the remote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def git(self, *args: str) -> str:
        return git(*args, cwd=self.directory)

    def fetch(self) -> None:
        self.git("fetch", "--quiet", "--prune", "origin")

    def commit(self, branch: str, files: Mapping[str, str], *, onto: str, message: str) -> str:
        """Push one commit with `files` to `branch`, made on top of `onto`; its id."""
        self.fetch()
        self.git("checkout", "--quiet", "--detach", onto)
        for path, text in files.items():
            target = self.directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.push(branch)

    def push(self, branch: str) -> str:
        """Push what is checked out, force allowed; its commit."""
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def merge(self, head: str, base: str, *options: str) -> str:
        """Merge `head` into `base` here and push `base`; its commit."""
        self.fetch()
        self.git("checkout", "--quiet", "--detach", f"origin/{base}")
        self.git("merge", "--quiet", "-m", f"Merge {head}", *options, f"origin/{head}")
        return self.push(base)

    def remote_refs(self) -> dict[str, str]:
        lines = self.git("ls-remote", "origin").splitlines()
        return {name: commit for commit, name in (line.split("\t") for line in lines)}
