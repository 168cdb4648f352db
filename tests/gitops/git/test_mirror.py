"""Fetching, and reading what was fetched."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops.changes import blob_id
from gitops.errors import Cause, DeliveryError
from gitops.git.mirror import BranchMissing, Mirror, Remote
from gitops.git.objects import ObjectUnreadable, _ReadingGit, parse_tree
from gitops.git.paths import UnsafeName
from tests.gitops.git.conftest import MakeMirror, Origin, make_origin


def test_fetch_follows_the_branch(mirror: Mirror, origin: Origin) -> None:
    first = mirror.fetch("main")
    assert first == origin.branch("main")
    assert mirror.fetch("main") == first
    second = origin.commit({"new.yaml": "x: 1\n"})
    assert mirror.fetch("main") == second
    origin.git("update-ref", "refs/heads/main", first)  # somebody rewrote history
    assert mirror.fetch("main") == first


def test_fetch_leaves_one_private_reference_and_nothing_else(
    mirror: Mirror, origin: Origin
) -> None:
    commit = mirror.fetch("main")
    origin.git("tag", "v1", commit)
    origin.commit({"a": "a"}, branch="other")
    mirror.fetch("main")
    local = Origin(mirror.path)
    assert local.git("for-each-ref", "--format=%(refname)") == "refs/gatehouse/base/main"
    assert not (mirror.path / "FETCH_HEAD").exists()
    assert not (mirror.path / "hooks").exists()
    assert str(origin.path) not in (mirror.path / "config").read_text()


def test_a_packed_reference_is_read_too(mirror: Mirror) -> None:
    commit = mirror.fetch("main")
    mirror.housekeeping()
    assert not (mirror.path / "refs/gatehouse/base/main").exists()
    assert mirror.fetch("main") == commit


def test_a_branch_with_slashes(mirror: Mirror, origin: Origin) -> None:
    commit = origin.commit({"a": "a"}, branch="release/1.2")
    assert mirror.fetch("release/1.2") == commit


def test_a_base_branch_that_becomes_a_folder_heals(make_mirror: MakeMirror, origin: Origin) -> None:
    origin.commit({"a": "a"}, branch="release")
    mirror = make_mirror()
    mirror.fetch("release")
    origin.git("update-ref", "-d", "refs/heads/release")
    commit = origin.commit({"a": "a"}, branch="release/1.2")
    _made_long_ago(mirror)
    with pytest.raises(DeliveryError) as failed:
        mirror.fetch("release/1.2")
    assert failed.value.cause is Cause.TRANSIENT
    assert mirror.fetch("release/1.2") == commit


def test_missing_things_are_missing(
    make_mirror: MakeMirror, mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(BranchMissing, match="nothing-here") as branch:
        mirror.fetch("nothing-here")
    assert branch.value.cause is Cause.MISSING
    forge = tmp_path / "forge"
    make_origin(forge / "empty.git")
    empty = make_mirror("empty", Remote(url=str(forge / "empty.git"), allow_file_below=forge))
    with pytest.raises(BranchMissing):
        empty.fetch("main")
    none = make_mirror("none", Remote(url=str(forge / "none.git"), allow_file_below=forge))
    with pytest.raises(DeliveryError) as repository:
        none.fetch("main")
    assert repository.value.cause is Cause.MISSING


@pytest.mark.parametrize("name", ["--upload-pack=touch marker", "-x", "main:refs/heads/x", "a b"])
def test_no_option_hides_in_a_branch_name(mirror: Mirror, name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeName):
        mirror.fetch(name)
    with pytest.raises(UnsafeName):
        mirror.remote_refs(name)
    with pytest.raises(UnsafeName):
        mirror.tree(name)
    assert not (tmp_path / "marker").exists()


def test_tree_lists_files_with_their_modes(mirror: Mirror, origin: Origin) -> None:
    some = origin.branch("main")
    commit = origin.commit(
        {
            "t/link": ("120000", "../README.md"),
            "t/run.sh": ("100755", "#!/bin/sh\n"),
            "t/module": ("160000", some),
            "t/ü é.yaml": "a: 1\n",
            "tx/other.yaml": "b: 1\n",
        }
    )
    mirror.fetch("main")
    items = mirror.tree(commit, ["t/"])
    assert {path: item.mode for path, item in items.items()} == {
        "t/link": "120000",
        "t/run.sh": "100755",
        "t/module": "160000",
        "t/ü é.yaml": "100644",
    }
    assert [path for path, item in items.items() if item.regular] == ["t/ü é.yaml"]
    assert items["t/ü é.yaml"].blob == blob_id("a: 1\n")
    assert set(mirror.tree(commit)) == {*items, "tx/other.yaml", "README.md", "tenants/base/a.yaml"}
    assert set(mirror.tree(commit, ["tx/", "README.md", "absent/"])) == {
        "tx/other.yaml",
        "README.md",
    }
    assert mirror.tree(commit, [":(glob)**", "t/*", "*"]) == {}
    assert mirror.tree(commit, []) == {}


def test_more_prefixes_than_fit_one_call(mirror: Mirror, origin: Origin) -> None:
    commit = origin.commit({f"d{n}/f.yaml": f"n: {n}\n" for n in range(250)})
    mirror.fetch("main")
    assert len(mirror.tree(commit, [f"d{n}/" for n in range(250)])) == 250


def test_a_path_that_is_no_text_is_shown_with_escapes(mirror: Mirror, origin: Origin) -> None:
    stream = b"commit refs/heads/main\ncommitter A <a> 1 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
    stream += b'M 100644 inline "bad\\377name"\ndata 1\nx\ndone\n'
    origin.git("fast-import", "--quiet", "--done", stdin=stream)
    assert "bad\\xffname" in mirror.tree(mirror.fetch("main"))


def test_changes_between_two_commits(mirror: Mirror, origin: Origin) -> None:
    old = origin.branch("main")
    new = origin.commit(
        {"README.md": None, "tenants/base/a.yaml": "a: 2\n", "x": ("120000", "README.md")}
    )
    mirror.fetch("main")
    assert dict(mirror.changed_paths(old, new)) == {
        "README.md": None,
        "tenants/base/a.yaml": blob_id("a: 2\n"),
        "x": blob_id("README.md"),
    }
    items = dict(mirror.changed_items(old, new))
    assert items["x"] is not None
    assert not items["x"].regular
    assert mirror.changed_paths(new, new) == []


@pytest.mark.parametrize("count", [3, 250])
def test_blobs_are_read_whole(mirror: Mirror, origin: Origin, count: int) -> None:
    texts = [f"text {n}\n" * (n % 50) for n in range(count)]
    commit = origin.commit({f"f{n}": text for n, text in enumerate(texts)})
    mirror.fetch("main")
    items = mirror.tree(commit)
    found = mirror.read_blobs(item.blob for item in items.values())
    assert {found[blob_id(text)].decode() for text in texts} == set(texts)
    with pytest.raises(DeliveryError) as failed:
        mirror.read_blobs([*found, "1" * 40])
    assert failed.value.cause is Cause.TRANSIENT
    assert mirror.read_blobs(list(found)[:1])  # and the reader goes on


def test_ancestry(mirror: Mirror, origin: Origin) -> None:
    old = origin.branch("main")
    new = origin.commit({"n": "n"})
    mirror.fetch("main")
    assert mirror.is_ancestor(old, new)
    assert mirror.is_ancestor(new, new)
    assert not mirror.is_ancestor(new, old)
    assert not mirror.is_ancestor("1" * 40, new)
    assert mirror.has_commit(new)
    assert not mirror.has_commit("1" * 40)
    assert not mirror.has_commit(mirror.tree(new)["n"].blob)


def test_without_a_fetch_nothing_is_here(mirror: Mirror) -> None:
    assert not mirror.has_commit("1" * 40)
    with pytest.raises(ObjectUnreadable):
        mirror.read_blobs(["1" * 40])


def test_remote_references(mirror: Mirror, origin: Origin) -> None:
    main = origin.branch("main")
    ours = origin.commit({"x": "x"}, branch="gatehouse/t/1-aa")
    origin.git("update-ref", "refs/other/refs/heads/gatehouse/t/2", main)
    assert mirror.remote_refs("refs/heads/gatehouse/*") == {"refs/heads/gatehouse/t/1-aa": ours}
    assert mirror.remote_refs("refs/heads/main") == {"refs/heads/main": main}
    assert mirror.remote_refs("refs/heads/none") == {}


def test_the_reader_is_one_process_until_it_is_closed(mirror: Mirror) -> None:
    commit = mirror.fetch("main")
    blob = mirror.tree(commit)["README.md"].blob
    mirror.read_blobs([blob])
    children = _readers(mirror)
    mirror.read_blobs([blob])
    assert _readers(mirror) == children
    assert len(children) == 1
    mirror.close()
    assert _readers(mirror) == []


def _readers(mirror: Mirror) -> list[str]:
    done = subprocess.run(["pgrep", "-f", "cat-file --batch"], capture_output=True, text=True)
    return [p for p in done.stdout.split() if Path(f"/proc/{p}/cwd").resolve() == mirror.path]


def test_a_reader_that_hangs_or_dies_is_replaced(mirror: Mirror) -> None:
    blob = mirror.tree(mirror.fetch("main"))["README.md"].blob
    mirror.read_blobs([blob])
    (pid,) = _readers(mirror)
    subprocess.run(["kill", "-STOP", pid], check=True)
    reader = mirror._open()
    with pytest.raises(ObjectUnreadable) as stopped:
        reader.contents([blob], kind="blob", deadline=0.2)
    assert stopped.value.cause is Cause.TRANSIENT
    assert mirror.read_blobs([blob]) == {blob: b"hello\n"}


def test_gitpython_can_start_nothing_but_its_reader(mirror: Mirror) -> None:
    mirror.fetch("main")
    command: Any = mirror._open()._repo.git
    assert isinstance(mirror._open()._repo.git, _ReadingGit)
    calls: list[Callable[[], object]] = [
        lambda: command.log("--output=marker"),
        lambda: command.fetch("--upload-pack=touch marker"),
        lambda: command.cat_file("-p", "HEAD", as_process=True),
        lambda: command.execute(["git", "cat-file", "--batch"]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="reading"):
            call()


def test_a_raw_tree_is_read_as_git_reads_it() -> None:
    data = b"40000 dir\0" + b"\x00 \x01" * 6 + b"\xff\xfe" + b"100644 a b\0" + bytes(range(20))
    entries = parse_tree(data)
    assert [entries["dir"].mode, entries["a b"].mode] == ["040000", "100644"]
    assert entries["a b"].id == bytes(range(20)).hex()


def _made_long_ago(mirror: Mirror) -> None:
    os.utime(mirror.path / "config", (1_000_000_000, 1_000_000_000))


def _only_as(pattern: str, mirror: Mirror) -> None:
    """Have all objects in files that match the pattern."""
    local = Origin(mirror.path)
    local.git("repack", "-adq")
    if "pack" not in pattern:
        (pack,) = (mirror.path / "objects/pack").glob("*.pack")
        data = pack.read_bytes()
        for path in (mirror.path / "objects/pack").iterdir():
            path.unlink()
        local.git("unpack-objects", "-q", stdin=data)


@pytest.mark.parametrize(
    "use",
    [
        lambda mirror, commit: mirror.tree(commit),
        lambda mirror, commit: mirror.changed_paths(commit, commit),
        lambda mirror, commit: mirror.read_blobs([blob_id("hello\n")]),
        lambda mirror, commit: mirror.read_blobs([blob_id("hello\n"), *["1" * 39 + "2"] * 200]),
        lambda mirror, commit: mirror.fetch("main"),
        lambda mirror, commit: mirror.housekeeping(),
    ],
)
@pytest.mark.parametrize("pattern", ["??/*", "pack/*.pack"])
def test_a_broken_mirror_is_made_again(
    mirror: Mirror, pattern: str, use: Callable[[Mirror, str], object]
) -> None:
    commit = mirror.fetch("main")
    _only_as(pattern, mirror)
    for path in (mirror.path / "objects").glob(pattern):
        path.chmod(0o600)
        path.write_bytes(b"")  # as after a power cut
    _made_long_ago(mirror)
    with pytest.raises(DeliveryError) as failed:
        use(mirror, commit)
    assert failed.value.cause is Cause.TRANSIENT
    assert mirror.fetch("main") == commit
    assert mirror.tree(commit)
    assert list(mirror.path.parent.glob(".*")) == []


def test_a_broken_remote_does_not_have_the_mirror_made_again_and_again(mirror: Mirror) -> None:
    mirror.fetch("main")
    (mirror.path / "gatehouse-damaged").touch()
    kept = mirror.path.stat().st_ino
    mirror.fetch("main")
    assert mirror.path.stat().st_ino == kept
