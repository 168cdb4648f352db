"""Many rows in one pass, bad ones among them, and the freeze that comes in the middle."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gitops import delivery
from gitops.delivery.rows import BATCH
from gitops.errors import Cause, DeliveryError
from gitops.forges.base import Missing, Unreachable
from gitops.git.mirror import Mirror
from gitops.git.runner import GitRunner
from gitops.models import ChangeSet, FileChange, Repository
from gitops.signals import change_set_advanced
from gitops.states import Reason, State
from tenants import freezing, services
from tenants.models import Namespace, Request
from tests.gitops.delivery.checks import branches, chain_verifies, is_open_once, is_over
from tests.gitops.delivery.faults import WRITING_CALLS, Script, due, recover, row_of
from tests.world import World


@pytest.fixture
def git_runs(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each git command was started on behalf of a mirror."""
    counted: Counter[str] = Counter()
    run = GitRunner.run

    def counting(self: GitRunner, args: Any, **options: Any) -> Any:
        if "/mirrors/" in str(options.get("git_dir")):
            counted[next(word for word in args if not word.startswith("-"))] += 1
        return run(self, args, **options)

    monkeypatch.setattr(GitRunner, "run", counting)
    return counted


def copies(first: ChangeSet, count: int) -> list[ChangeSet]:
    """That many approved rows like this one, each with a path and a branch of its own."""
    [change, *_] = first.file_changes.all()
    rows = []
    for n in range(count):
        row = ChangeSet.objects.get(pk=first.pk)
        row.pk, row.request_ref, row.branch = None, None, f"gatehouse/iris-blue/many-{n}"  # type: ignore[assignment]
        row.pk = ChangeSet._meta.pk.get_default()
        row.request_ref = row.pk
        row._state.adding = True
        row.save(force_insert=True)
        FileChange.objects.create(
            change_set=row,
            path=f"tenants/dev-1/iris-blue/many-{n}/namespace.yaml",
            before=None,
            after=f"{change.after}# {n}\n",
            ownership="managed",
        )
        rows.append(row)
    return rows


def test_a_hundred_rows_are_one_fetch_one_stream_and_one_push(
    world: World, git_runs: Counter[str]
) -> None:
    first = row_of(world.approved())
    rows = [first, *copies(first, BATCH - 1)]
    git_runs.clear()
    delivery.deliver(world.platform.pk)
    assert (git_runs["fetch"], git_runs["fast-import"], git_runs["push"]) == (1, 1, 1)
    assert sum(git_runs.values()) <= 6, git_runs
    opened = ChangeSet.objects.filter(state=State.OPEN)
    assert opened.count() == len(rows)
    assert branches(world) == dict(opened.values_list("branch", "commit"))
    assert len(set(opened.values_list("pull_request_number", flat=True))) == len(rows)
    for row in (rows[0], rows[42], rows[-1]):
        is_open_once(world, row)


def test_what_is_more_than_a_batch_comes_in_the_next_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops.delivery.engine.BATCH", 3)
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(4)]
    delivery.deliver(world.platform.pk)
    assert ChangeSet.objects.filter(state=State.OPEN).count() == 3
    world.deliver()
    for row in rows:
        is_open_once(world, row)


def test_a_row_that_git_cannot_write_is_left_behind(world: World) -> None:
    """A file where its directory must be: the others of the batch go on."""
    bad, *good = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(3)]
    world.push_file("tenants/dev-1/iris-blue/iris-blue-n0", "in the way\n")
    world.deliver()
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == (State.NEEDS_ADMIN, Reason.CONFLICT)
    for row in good:
        is_open_once(world, row)
    world.remove_file("tenants/dev-1/iris-blue/iris-blue-n0")
    recover(world, bad)
    is_open_once(world, bad)


def test_a_row_of_another_version_is_left_behind(world: World) -> None:
    bad, good = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(2)]
    ChangeSet.objects.filter(pk=bad.pk).update(context={**bad.context, "from_tomorrow": 1})
    world.deliver()
    bad.refresh_from_db()
    assert (bad.state, bad.last_cause) == (State.PENDING, Cause.BUG)
    assert "from_tomorrow" in bad.last_error
    is_open_once(world, good)


@pytest.mark.parametrize("step", ["commit_many", "push"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_git_that_fails_costs_a_try_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(3)]
    real = getattr(Mirror, step)

    def fails(*args: Any) -> Any:
        if when == "after":
            real(*args)
        raise DeliveryError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Mirror, step, fails)
        delivery.deliver(world.platform.pk)
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts, row.last_error) == (State.PENDING, 1, "the disk is full")
    recover(world, *rows)
    for row in rows:
        is_open_once(world, row)


def test_a_receiver_that_raises_undoes_the_move_and_the_pass_goes_on(world: World) -> None:
    """The inventory cannot follow (yet): git's truth is not lost, and the others are recorded."""
    rows = [row_of(world.approved(f"iris-blue-n{n}")) for n in range(2)]
    world.deliver()
    for row in rows:
        row.refresh_from_db()
        world.merge(row.pull_request_number or 0)

    def refuses(change_set: ChangeSet, **_: Any) -> None:
        if change_set.pk == rows[0].pk:
            raise RuntimeError("the size class is gone")

    change_set_advanced.connect(refuses)
    try:
        due(*rows)
        world.deliver()
    finally:
        change_set_advanced.disconnect(refuses)
    bad, good = (ChangeSet.objects.get(pk=row.pk) for row in rows)
    assert good.state == State.MERGED
    assert (bad.state, bad.attempts, bad.last_cause) == (State.OPEN, 1, Cause.BUG)
    assert "size class" in bad.last_error
    assert not bad.repository.files.filter(path__contains="/iris-blue-n0/", written__isnull=False)
    assert not Namespace.objects.filter(name="iris-blue-n0").exists()
    recover(world, bad)
    is_over(world, bad, State.MERGED)
    assert Namespace.objects.filter(name="iris-blue-n0").exists()
    chain_verifies()


def test_merged_while_the_pass_was_under_way_is_merged_as_approved(
    world: World, forge: Script
) -> None:
    """The pass fetched before the merge, and reads the pull request after it."""
    request = world.approved("iris-blue-n0")
    world.deliver()
    row = row_of(request)
    other = row_of(world.approved("iris-blue-n1"))  # to push it, the pass begins with a fetch

    def merge(name: str) -> None:
        if name == "get_pull_request":
            forge.on_call = lambda name: None
            world.merge(row.pull_request_number or 0)

    forge.on_call = merge
    due(row)
    delivery.deliver(world.platform.pk)
    is_over(world, row, State.MERGED)
    ours = row.repository.files.filter(path__contains="/iris-blue-n0/")
    assert {f.blob == f.written for f in ours} == {True}
    is_open_once(world, other)


def test_a_merge_that_is_not_to_be_fetched_yet_is_judged_later(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forge may answer from one place and be fetched from another that lags behind."""
    request = world.approved()
    world.deliver()
    row = row_of(request)
    before = Repository.objects.get(pk=world.platform.pk).base_commit
    world.merge(row.pull_request_number or 0)
    with monkeypatch.context() as patch:
        patch.setattr(Mirror, "fetch", lambda *_: before)
        due(row)
        world.deliver()
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_cause) == (State.OPEN, 1, Cause.TRANSIENT)
    recover(world, row)
    is_over(world, row, State.MERGED)


# -- the freeze


def writes(forge: Script) -> list[str]:
    return [name for name in forge.called if name in WRITING_CALLS]


def test_while_frozen_nothing_is_written_and_everything_is_read(
    world: World, forge: Script
) -> None:
    merged, withdrawn, waiting = [world.approved(f"iris-blue-n{n}") for n in range(3)]
    ChangeSet.objects.filter(pk=row_of(waiting).pk).update(
        next_run_at=timezone.now() + timedelta(hours=1)
    )
    world.deliver()
    world.merge(row_of(merged).pull_request_number or 0)
    services.withdraw(Request.objects.get(pk=withdrawn.pk), by=world.alice)
    freezing.freeze(by="bob", reason="an audit")
    before, refs = len(writes(forge)), branches(world)
    for row in ChangeSet.objects.all():
        due(row)
    world.deliver()
    assert len(writes(forge)) == before
    assert branches(world) == refs
    assert row_of(merged).state == State.MERGED  # read, and told; its branch stays for now
    assert row_of(withdrawn).state == State.OPEN
    assert row_of(waiting).state == State.PENDING
    assert not delivery.due_repositories().exists()  # and nobody spins meanwhile

    freezing.unfreeze(by="bob")
    world.deliver()
    is_over(world, row_of(merged), State.MERGED)
    is_over(world, row_of(withdrawn), State.CLOSED)
    is_open_once(world, row_of(waiting))


@pytest.mark.parametrize(
    "at", ["find_pull_request", "get_pull_request", "git push", "git commit_many"]
)
def test_a_freeze_in_the_middle_of_a_pass_stops_the_next_write(
    world: World, forge: Script, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    to_open, to_close, to_settle = [world.approved(f"iris-blue-n{n}") for n in range(3)]
    ChangeSet.objects.filter(pk=row_of(to_open).pk).update(
        next_run_at=timezone.now() + timedelta(hours=1)
    )
    world.deliver()
    world.merge(row_of(to_settle).pull_request_number or 0)
    services.withdraw(Request.objects.get(pk=to_close.pk), by=world.alice)
    so_far: list[int] = []

    def freeze(name: str) -> None:
        if name == at and not so_far:
            freezing.freeze(by="bob", reason="an audit")
            so_far.append(len(writes(forge)))

    forge.on_call = freeze
    for step in ("push", "commit_many"):
        real = getattr(Mirror, step)

        def calls(*args: Any, step: str = step, real: Any = real) -> Any:
            freeze(f"git {step}")
            return real(*args)

        monkeypatch.setattr(Mirror, step, calls)
    for request in (to_open, to_close, to_settle):
        due(row_of(request))
    world.deliver()
    assert so_far == [len(writes(forge))], "it wrote after the freeze"
    if at != "get_pull_request":  # which is asked for what is open, after the pushes
        assert row_of(to_open).state == State.PENDING
    assert row_of(to_open).attempts == 0
    if at == "git commit_many":
        assert row_of(to_open).branch not in branches(world)  # not even pushed

    freezing.unfreeze(by="bob")
    world.deliver()
    is_open_once(world, row_of(to_open))
    is_over(world, row_of(to_close), State.CLOSED)
    is_over(world, row_of(to_settle), State.MERGED)


def test_a_frozen_retry_waits_too(world: World, forge: Script) -> None:
    forge.before["create_pull_request"] = [Unreachable("down")]
    request = world.approved()
    world.deliver()
    freezing.freeze(by="bob", reason="an audit")
    due(row_of(request))
    world.deliver()
    assert forge.called.count("create_pull_request") == 1
    freezing.unfreeze(by="bob")
    world.deliver()
    is_open_once(world, row_of(request))


# -- webhooks, and rows that a webhook makes due at a bad moment


def test_a_webhook_about_a_replanned_pull_request_disturbs_nobody(
    world: World, forge: Script
) -> None:
    """The row in line is still before the approvers; the pull request it goes on with is open."""
    submitted = services.submit(world.onboard("plum"), by=world.alice)
    world.deliver()
    request = world.approve(Request.objects.get(pk=submitted.pk))
    world.deliver()
    world.push_file("clusters/dev-1/kustomization.yaml", "# theirs\n", repository="plum/apps")
    ChangeSet.objects.update(next_run_at=timezone.now())
    ChangeSet.objects.filter(finished_at__isnull=False).update(next_run_at=None)
    world.deliver()
    rows = ChangeSet.objects.filter(
        request_ref=request.pk, state=State.PROPOSED, pull_request_number__isnull=False
    )
    assert rows.exists()
    rows.update(next_run_at=timezone.now())  # what a webhook does
    forge.called.clear()
    world.deliver()
    assert {(row.state, row.next_run_at, row.attempts) for row in rows.all()} == {
        (State.PROPOSED, None, 0)
    }


def test_a_pull_request_that_vanished_asks_a_person(world: World, forge: Script) -> None:
    request = world.approved()
    world.deliver()
    forge.before["get_pull_request"] = [Missing("404")]
    due(row_of(request))
    world.deliver()
    row = row_of(request)
    assert (row.state, row.reason) == (State.NEEDS_ADMIN, Reason.MISSING)
    recover(world, row)
    is_open_once(world, row)
