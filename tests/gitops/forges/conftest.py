"""A local forge with one repository, and its far side."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitops.forges.base import ConnectionSettings, RepositoryPath
from gitops.forges.local import events, merging, pulls, repository
from gitops.forges.local.adapter import LocalForge
from gitops.forges.local.store import LocalStore
from gitops.git.runner import Completed, GitRunner
from tests.gitops.forges.clone import Clone, clone, git

pytest.register_assert_rewrite("tests.gitops.forges.contract")

PATH = RepositoryPath(owner="platform", name="fleet")
FIRST_FILES = {"README.md": "fleet\n", "clusters/dev-1/.keep": ""}


class LocalFarSide:
    """The local forge's far side: its store for what people do on pages, plain git for the rest."""

    webhook_secret = b"0123456789abcdef0123456789abcdef"

    def __init__(self, data: Path, work: Path) -> None:
        self.data = data
        self.forge = LocalForge.connect(
            ConnectionSettings(
                slug="local", forge="local", base_url="http://127.0.0.1:8000", data_dir=data
            )
        )
        self.repository = PATH
        self.bare = self.forge.store.open(PATH)
        self.clone = Clone(work)

    def push(self, branch: str, files: Mapping[str, str]) -> str:
        onto = f"origin/{branch}" if self.branch(branch) else "origin/main"
        return self.clone.commit(branch, files, onto=onto, message=f"Change {branch}")

    def rewrite(self, branch: str, files: Mapping[str, str]) -> str:
        return self.clone.commit(branch, files, onto="origin/main", message=f"Rewrite {branch}")

    def reset(self, branch: str) -> str:
        self.clone.fetch()
        self.clone.git("checkout", "--quiet", "--detach", "origin/main")
        return self.clone.push(branch)

    def push_merge(self, head: str, base: str, *, fast_forward: bool = False) -> str:
        return self.clone.merge(head, base, "--ff-only" if fast_forward else "--no-ff")

    def merge(self, number: int) -> str:
        return merging.merge(self.bare, number, by="bob").merge_commit or ""

    def squash(self, number: int) -> str:
        return merging.squash(self.bare, number, by="bob").merge_commit or ""

    def close(self, number: int) -> None:
        pulls.close(self.bare, number, by="bob")

    def reopen(self, number: int) -> None:
        pulls.reopen(self.bare, number, by="bob")

    def delete_branch(self, branch: str) -> None:
        self.clone.git("push", "--quiet", "origin", f":refs/heads/{branch}")

    def delete_branch_on_page(self, branch: str) -> None:
        pulls.delete_branch(self.bare, branch, by="bob")

    def restore_branch(self, number: int) -> None:
        pulls.restore_branch(self.bare, number, by="bob")

    def archive(self) -> None:
        repository.set_archived(self.bare, True, by="bob")

    def branch(self, name: str) -> str | None:
        ref = ("rev-parse", "--quiet", "--verify", f"refs/heads/{name}")
        return git(*ref, cwd=self.bare.directory, check=False) or None

    def comments(self, number: int) -> list[tuple[str, str]]:
        return [(entry.by, entry.text) for entry in pulls.get(self.bare, number).comments]

    def webhooks(self) -> list[tuple[dict[str, str], bytes]]:
        facts = repository.facts(self.bare, PATH)
        found = events.pending_events(self.bare, 0)
        sent = [events.delivery(facts, event, self.webhook_secret) for event in found]
        return [(dict(delivery.headers), delivery.body) for delivery in sent]


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one repository, and a clone of it beside: to be copied, not changed."""
    folder = tmp_path_factory.mktemp("first-day")
    store = LocalStore(folder / "data/forge")
    bare = store.create(PATH, by="seed", files=FIRST_FILES)
    work = clone("../data/forge/platform/fleet.git", folder / "work")
    for directory in (bare.directory, work.directory):  # no test cuts the power
        git("config", "core.fsync", "none", cwd=directory)
    return folder


@pytest.fixture
def far(first_day: Path, tmp_path: Path) -> LocalFarSide:
    folder = tmp_path / "day"
    shutil.copytree(first_day, folder)
    return LocalFarSide(folder / "data", folder / "work")


class CountingRunner(GitRunner):
    """Counts what it starts."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[str] = []

    def run(self, args: Sequence[str], **options: Any) -> Completed:
        self.commands.append(args[0])
        return super().run(args, **options)


Branches = Callable[[Sequence[str]], None]


@pytest.fixture
def branches(far: LocalFarSide) -> Branches:
    """Make many branches at once, each one commit with one file ahead of main."""

    def make(names: Sequence[str]) -> None:
        start = far.branch("main")
        stream = "".join(
            f"commit refs/heads/{name}\ncommitter d <d@example.org> 1700000000 +0000\n"
            f"data 1\nx\nfrom {start}\n"
            f"M 100644 inline files/{name.replace('/', '-')}\ndata 1\nx\n\n"
            for name in names
        )
        far.bare.git("fast-import", "--quiet", stdin=stream.encode())

    return make
