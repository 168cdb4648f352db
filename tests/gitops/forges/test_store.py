"""Repositories of the local forge: made whole or not at all, plain git to everybody else."""

import os
import shutil
import time
from pathlib import Path

import pytest

from gitops.errors import DeliveryError
from gitops.forges.base import AlreadyExists, Invalid, Missing, PullRequestDraft, RepositoryPath
from gitops.forges.local import pulls, repository
from gitops.forges.local.store import LocalStore
from tests.gitops.forges.clone import clone, git
from tests.gitops.forges.conftest import FIRST_FILES, PATH, Branches, LocalFarSide


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "forge")


def test_a_new_repository_is_plain_git_with_its_first_files(
    far: LocalFarSide, tmp_path: Path
) -> None:
    directory = far.data / "forge/platform/fleet.git"
    assert far.bare.directory == directory
    assert git("ls-tree", "-r", "--name-only", "main", cwd=directory).split("\n") == sorted(
        FIRST_FILES
    )
    assert git("log", "--format=%an %s", "main", cwd=directory) == "seed Initial commit"
    assert git("symbolic-ref", "HEAD", cwd=directory) == "refs/heads/main"
    other = clone(str(directory), tmp_path / "other")
    assert (other.directory / "README.md").read_text() == FIRST_FILES["README.md"]
    git("fsck", "--strict", cwd=directory)


def test_another_default_branch_and_no_files(store: LocalStore) -> None:
    path = RepositoryPath(owner="iris-blue", name="apps")
    bare = store.create(path, by="seed", default_branch="trunk")
    assert store.facts(path).default_branch == "trunk"
    assert list(bare.branches()) == ["trunk"]


def test_a_second_repository_of_the_same_name_is_refused_and_leaves_the_first(
    far: LocalFarSide,
) -> None:
    before = far.branch("main")
    with pytest.raises(AlreadyExists):
        far.forge.store.create(PATH, by="mallory", files={"evil": "1"})
    assert far.branch("main") == before
    assert [path.name for path in far.bare.directory.parent.iterdir()] == ["fleet.git"]


def test_lists_whole_repositories_alone(store: LocalStore) -> None:
    assert store.list() == ()
    paths = [RepositoryPath(owner=owner, name="apps") for owner in ("iris-red", "iris-blue")]
    for path in paths:
        store.create(path, by="seed")
    half_made = store.root / "iris-red/.other.git.0123"
    half_made.mkdir()
    (store.root / "iris-red/stray.git").mkdir()
    assert store.list() == tuple(sorted(paths))
    with pytest.raises(Missing):
        store.open(RepositoryPath(owner="iris-red", name="stray"))
    store.housekeeping()
    assert half_made.exists(), "somebody may still be making it"
    os.utime(half_made, (time.time() - 7200, time.time() - 7200))
    store.housekeeping()
    assert not half_made.exists()


def test_a_failed_creation_leaves_nothing(store: LocalStore) -> None:
    path = RepositoryPath(owner="iris-blue", name="apps")
    with pytest.raises(DeliveryError):
        store.create(path, by="seed", files={"../escape": "1"})
    assert list((store.root / "iris-blue").iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("..", "x"),
        ("a", ".."),
        ("a", "../b"),
        ("a/b", "c"),
        ("", "x"),
        ("a", ""),
        ("-a", "x"),
        ("a", "-x"),
        ("a", ".hidden"),
        ("a", "x.git"),
        ("a", "x.GIT"),
        ("a", "x.lock"),
        ("a", "x."),
        ("a", "a..b"),
        ("a", "x\n"),
        ("a", "x\0"),
        ("a", "x y"),
        ("ä", "x"),
        ("a", "x" * 101),
    ],
)
def test_names_that_could_leave_the_folder_are_refused(
    store: LocalStore, owner: str, name: str
) -> None:
    path = RepositoryPath(owner=owner, name=name)
    with pytest.raises(Invalid):
        store.create(path, by="seed")
    with pytest.raises(Missing):
        store.open(path)
    assert not store.root.exists() or not list(store.root.rglob("*.git"))


def test_the_store_is_hidden_from_every_client(far: LocalFarSide, branches: Branches) -> None:
    branches(["x"])
    pulls.open_pull(far.bare, PullRequestDraft(head="x", base="main", title="x"), by="gatehouse")
    assert set(far.clone.remote_refs()) == {"HEAD", "refs/heads/main", "refs/heads/x"}
    hidden = git("for-each-ref", "--format=%(refname)", cwd=far.bare.directory).split("\n")
    assert {"refs/gatehouse/meta", "refs/pull/1/head"} <= set(hidden)
    for ref in ("refs/gatehouse/meta", "refs/pull/1/head"):
        with pytest.raises(AssertionError, match="couldn't find remote ref"):
            far.clone.git("fetch", "origin", ref)
        with pytest.raises(AssertionError, match="deny updating a hidden ref"):
            far.clone.git("push", "--force", "origin", f"HEAD:{ref}")
        with pytest.raises(AssertionError, match="hidden ref"):
            far.clone.git("push", "origin", f":{ref}")
    assert pulls.get(far.bare, 1).is_open


def test_a_copy_of_the_folder_is_a_copy_of_the_forge(
    far: LocalFarSide, branches: Branches, tmp_path: Path
) -> None:
    branches(["x"])
    pulls.open_pull(far.bare, PullRequestDraft(head="x", base="main", title="x"), by="gatehouse")
    shutil.copytree(far.data / "forge", tmp_path / "copy")
    copy = LocalStore(tmp_path / "copy").open(PATH)
    assert pulls.get(copy, 1) == pulls.get(far.bare, 1)
    assert repository.facts(copy, PATH) == repository.facts(far.bare, PATH)
