"""Plans: a table of every case, and the laws that hold for all trees."""

import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops import layout
from gitops.changes import (
    Change,
    FileChange,
    ObstacleKind,
    Plan,
    TreeEntry,
    apply,
    blob_id,
    plan,
)
from gitops.rendering import File, render
from gitops.spec import Ownership, Role, TenantOnCluster
from tests.gitops.render.samples import on_cluster, tenants_on_clusters

NEW, OLD, HAND = blob_id("new"), blob_id("old"), blob_id("hand")
MANAGED = File(text="new")
SEEDED = File(text="new", ownership=Ownership.SEEDED)


def test_a_blobs_id_is_gits(tmp_path: Path) -> None:
    for text in ("", "a\n", "é\r\n", "x" * 100_000):
        (tmp_path / "x").write_bytes(text.encode())
        command = ["git", "hash-object", "--no-filters", str(tmp_path / "x")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert blob_id(text) == done.stdout.strip()


@pytest.mark.parametrize(
    ("blob", "written", "file", "outcome"),
    [
        (None, None, MANAGED, Change.ADD),
        (OLD, OLD, MANAGED, Change.MODIFY),
        (NEW, OLD, MANAGED, None),  # somebody did by hand what we want
        (NEW, None, MANAGED, None),
        (NEW, NEW, MANAGED, None),
        (HAND, OLD, MANAGED, ObstacleKind.DRIFT),
        (None, OLD, MANAGED, ObstacleKind.DRIFT),
        (HAND, None, MANAGED, ObstacleKind.FOREIGN_IN_THE_WAY),
        (None, None, SEEDED, Change.ADD),
        (HAND, None, SEEDED, None),
        (HAND, NEW, SEEDED, None),
        (None, NEW, SEEDED, None),  # the tenant took it out
        (OLD, OLD, None, Change.DELETE),
        (HAND, OLD, None, ObstacleKind.DRIFT),
        (None, OLD, None, None),
        (HAND, None, None, "foreign"),
        (None, None, None, None),
    ],
)
def test_every_case(
    blob: str | None, written: str | None, file: File | None, outcome: object
) -> None:
    tree = {"d/x": TreeEntry(blob=blob, written=written)}
    found = plan(tree, {"d/x": file} if file else {}, ["d/"])
    assert _outcome(found) == outcome
    assert found.is_empty is not isinstance(outcome, Change)
    assert found.is_blocked is isinstance(outcome, ObstacleKind)
    for change in found.changes:
        assert change.before == blob
        assert change.after == (file.text if file else None)


def _outcome(found: Plan) -> object:
    assert len(found.changes) + len(found.obstacles) + len(found.foreign) <= 1
    for change in found.changes:
        return change.kind
    for obstacle in found.obstacles:
        return obstacle.kind
    return "foreign" if found.foreign else None


def test_a_seeded_file_is_the_tenants_for_good() -> None:
    for blob in (NEW, HAND):
        entry = TreeEntry(blob=blob, written=NEW, ownership=Ownership.SEEDED)
        assert plan({"d/x": entry}, {}, ["d/"]) == Plan()


@pytest.mark.parametrize(
    ("here", "wanted"), [("d", "d/x"), ("d/x", "d/x/y"), ("d/x/y", "d/x"), ("d/x/y/z", "d/x")]
)
def test_a_file_where_a_directory_has_to_be_and_the_other_way(here: str, wanted: str) -> None:
    tree = {here: TreeEntry(blob=HAND)}
    found = plan(tree, {wanted: MANAGED}, ["d/"])
    assert found.is_empty
    assert [o.kind for o in found.obstacles] == [ObstacleKind.FOREIGN_IN_THE_WAY]
    assert found.obstacles[0].path == wanted


def test_only_owned_paths_are_planned() -> None:
    tree = {p: TreeEntry(blob=OLD, written=OLD) for p in ("a/x", "b/x", "ab/x", "c")}
    files = {"b/y": MANAGED, "a/y": MANAGED, "c": MANAGED, "cc": MANAGED}
    found = plan(tree, files, ["a/", "c"])
    assert [(c.path, c.kind) for c in found.changes] == [
        ("a/x", Change.DELETE),
        ("a/y", Change.ADD),
        ("c", Change.MODIFY),
    ]


@pytest.mark.parametrize("everything", ["", "/"])
def test_nobody_owns_a_whole_repository(everything: str) -> None:
    with pytest.raises(ValueError, match="whole repository"):
        plan({}, {}, [everything])


# --- laws -----------------------------------------------------------------------------------------

_blobs = st.sampled_from([None, OLD, NEW, HAND])
_entries = st.builds(TreeEntry, blob=_blobs, written=_blobs, ownership=st.sampled_from(Ownership))
_paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
_trees = st.dictionaries(_paths, _entries, max_size=8)
_files = st.dictionaries(
    _paths,
    st.builds(
        File, text=st.sampled_from(["new", "old", "x"]), ownership=st.sampled_from(Ownership)
    ),
)
_owned = st.lists(_paths | _paths.map(lambda p: p + "/"), max_size=3)


@settings(max_examples=200)
@given(_trees, _files, _owned)
def test_after_applying_there_is_nothing_left_to_do(
    tree: dict[str, TreeEntry], files: dict[str, File], owned: list[str]
) -> None:
    first = plan(tree, files, owned)
    if first.is_blocked:
        return  # nobody carries it out
    after = apply(tree, first.changes)
    assert plan(after, files, owned) == Plan(foreign=first.foreign)
    assert apply(after, first.changes) == after  # repeated, it changes nothing


@settings(max_examples=200)
@given(_trees, _files, _owned)
def test_nothing_leaves_the_owned_paths_and_foreign_files_stay(
    tree: dict[str, TreeEntry], files: dict[str, File], owned: list[str]
) -> None:
    found = plan(tree, files, owned)
    after = apply(tree, found.changes)
    for change in found.changes:
        assert any(change.path == o or (o[-1] == "/" and change.path.startswith(o)) for o in owned)
        assert change.before != (blob_id(change.after) if change.after else None)
    for path, entry in tree.items():
        never_ours = entry.written is None and entry.blob is not None
        if never_ours or path in found.foreign or path in {o.path for o in found.obstacles}:
            assert after[path] == entry
    touched = [c.path for c in found.changes]
    assert touched == sorted(set(touched))


@settings(max_examples=200)
@given(_trees, _files, _owned)
def test_what_somebody_changed_by_hand_is_never_overwritten(
    tree: dict[str, TreeEntry], files: dict[str, File], owned: list[str]
) -> None:
    for change in plan(tree, files, owned).changes:
        entry = tree.get(change.path, TreeEntry(blob=None))
        assert entry.blob == entry.written
        assert change.before == entry.blob


def _owned_by(spec: TenantOnCluster) -> list[str]:
    directory = layout.tenant_dir(spec.cluster, spec.tenant)
    return [layout.sync_entry(spec.cluster, spec.tenant), directory]


@settings(max_examples=30, deadline=None)
@given(tenants_on_clusters(), tenants_on_clusters())
def test_two_onboardings_do_not_meet(one: TenantOnCluster, other: TenantOnCluster) -> None:
    if one.tenant == other.tenant:
        return
    plans = [
        plan({}, render([spec]).of_role(Role.PLATFORM), _owned_by(spec)) for spec in (one, other)
    ]
    first, second = ({c.path for c in p.changes} for p in plans)
    assert first
    assert second
    assert not first & second
    merged = apply(apply({}, plans[0].changes), plans[1].changes)
    assert merged == apply(apply({}, plans[1].changes), plans[0].changes)
    for spec in (one, other):
        files = render([spec]).of_role(Role.PLATFORM)
        assert plan(merged, files, _owned_by(spec)) == Plan()


def test_a_namespace_request_adds_its_directory_and_nothing_else() -> None:
    small = on_cluster(namespaces=on_cluster().namespaces[:1])
    tree = apply({}, plan({}, render([small]).of_role(Role.PLATFORM), _owned_by(small)).changes)
    owned = [layout.namespace_dir("dev-1", "iris-blue", "iris-blue-web")]
    grown = plan(tree, render([on_cluster()]).of_role(Role.PLATFORM), owned)
    assert {c.path.rpartition("/")[0] + "/" for c in grown.changes} == set(owned)
    assert {c.kind for c in grown.changes} == {Change.ADD}
    whole = plan(tree, render([on_cluster()]).of_role(Role.PLATFORM), _owned_by(small))
    assert whole.changes == grown.changes  # its files are all that differs


def test_a_large_tree_is_planned_quickly() -> None:
    """Compares by dictionary: ten thousand foreign files must not take seconds."""
    tree = {f"d/{i}/{c}": TreeEntry(blob=OLD) for i in range(2_500) for c in string.hexdigits[:4]}
    files = {f"e/{i}": MANAGED for i in range(100)}
    found = plan(tree, files, ["d/", "e/"])
    assert (len(found.foreign), len(found.changes)) == (10_000, 100)


def test_kinds_of_changes() -> None:
    assert FileChange(path="x", before=None, after="").kind is Change.ADD
    assert FileChange(path="x", before=OLD, after="").kind is Change.MODIFY
    assert FileChange(path="x", before=OLD, after=None).kind is Change.DELETE
