"""What the portal knows of a branch: moved by differences, marked by its own merges."""

from typing import Any

import pytest

from gitops import delivery
from gitops.changes import blob_id
from gitops.delivery.snapshot import drifted
from gitops.git.mirror import Mirror
from gitops.models import Blob, Repository, RepositoryFile
from gitops.signals import first_seen
from gitops.spec import Ownership
from tests.gitops.delivery.faults import due, row_of
from tests.world import World

FOLDER = "tenants/dev-1/iris-blue/iris-blue-payments/"


def look(world: World) -> None:
    Repository.objects.filter(pk=world.platform.pk).update(next_look_at="2026-01-01T00:00Z")
    delivery.deliver(world.platform.pk)


def as_git_has_it(world: World) -> dict[str, str]:
    lines = world.git("ls-tree", "-r", "main").splitlines()
    return {line.split("\t")[1]: line.split()[2] for line in lines}


def snapshot(world: World) -> dict[str, str | None]:
    rows = RepositoryFile.objects.filter(repository=world.platform, blob__isnull=False)
    return dict(rows.values_list("path", "blob"))


def merged(world: World) -> None:
    request = world.approved()
    world.deliver()
    world.merge(row_of(request).pull_request_number or 0)
    due(row_of(request))
    world.deliver()


def test_it_follows_by_differences_and_never_reads_the_tree_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert snapshot(world) == as_git_has_it(world)
    monkeypatch.setattr(Mirror, "tree", None)  # whoever needs it fails
    world.push_file("a/b.yaml", "1\n")
    look(world)
    assert snapshot(world) == as_git_has_it(world)
    world.push_file("a/b.yaml", "2\n")
    world.remove_file("README.md")
    look(world)
    assert snapshot(world) == as_git_has_it(world)
    assert "README.md" not in snapshot(world)
    assert (
        Repository.objects.get(pk=world.platform.pk).base_commit
        == world.git("rev-parse", "main").strip()
    )


def test_a_rewritten_branch_and_a_lost_mirror_are_read_anew(world: World, tmp_path: Any) -> None:
    world.push_file("a/b.yaml", "1\n")
    look(world)
    world.git("update-ref", "refs/heads/main", "main~1")
    look(world)
    assert snapshot(world) == as_git_has_it(world)
    for path in (tmp_path / "mirrors").glob("*.git"):
        path.rename(path.with_suffix(".gone"))
    world.push_file("c.yaml", "1\n")
    look(world)
    assert snapshot(world) == as_git_has_it(world)


def test_a_branch_that_did_not_move_is_not_written_again(world: World) -> None:
    calls: list[Any] = []

    def seen(**facts: Any) -> None:
        calls.append(facts)

    first_seen.connect(seen)
    before = list(RepositoryFile.objects.values_list("pk", "blob").order_by("pk"))
    look(world)
    assert before == list(RepositoryFile.objects.values_list("pk", "blob").order_by("pk"))
    first_seen.disconnect(seen)
    assert calls == []


def test_what_the_portal_merged_is_marked_as_written_with_its_text(world: World) -> None:
    merged(world)
    ours = RepositoryFile.objects.filter(path__startswith=FOLDER)
    assert ours.count() >= 3
    for row in ours:
        assert row.blob == row.written
        assert row.ownership == Ownership.MANAGED
        assert blob_id(Blob.objects.get(pk=row.written).text) == row.written
    others = RepositoryFile.objects.exclude(path__startswith=FOLDER)
    assert set(others.values_list("written", "ownership")) == {(None, "")}
    assert drifted(world.platform) == []


def test_what_somebody_changed_or_removed_by_hand_is_drift_with_both_texts(world: World) -> None:
    merged(world)
    world.push_file(f"{FOLDER}namespace.yaml", "by: hand\n")
    world.remove_file(f"{FOLDER}guardrails.yaml")
    world.push_file(f"{FOLDER}theirs.yaml", "a: foreign file is no drift\n")
    look(world)
    assert sorted(drifted(world.platform)) == [
        f"{FOLDER}guardrails.yaml",
        f"{FOLDER}namespace.yaml",
    ]
    changed = RepositoryFile.objects.get(path=f"{FOLDER}namespace.yaml")
    assert Blob.objects.get(pk=changed.blob).text == "by: hand\n"
    assert "iris-blue-payments" in Blob.objects.get(pk=changed.written).text
    removed = RepositoryFile.objects.get(path=f"{FOLDER}guardrails.yaml")
    assert (removed.blob, removed.written is None) == (None, False)

    world.push_file(f"{FOLDER}namespace.yaml", Blob.objects.get(pk=changed.written).text)
    look(world)
    assert drifted(world.platform) == [f"{FOLDER}guardrails.yaml"]


def test_a_branch_that_is_gone_is_said_on_the_row_and_comes_back(world: World) -> None:
    tip = world.git("rev-parse", "main").strip()
    world.git("update-ref", "refs/heads/elsewhere", tip)
    world.git("symbolic-ref", "HEAD", "refs/heads/elsewhere")
    world.git("update-ref", "-d", "refs/heads/main")
    look(world)
    gone = Repository.objects.get(pk=world.platform.pk)
    assert "main" in gone.snapshot_error
    assert gone.base_commit == tip  # what was known stays known
    world.git("update-ref", "refs/heads/main", tip)
    look(world)
    assert Repository.objects.get(pk=world.platform.pk).snapshot_error == ""
