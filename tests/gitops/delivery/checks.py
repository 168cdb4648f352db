"""What must hold whatever went wrong on the way: nothing lost, nothing doubled, the right bytes."""

from gitops.forges.local import pulls
from gitops.models import ChangeSet
from gitops.states import State
from tenants import audit
from tests.world import World


def pulls_ever(world: World, row: ChangeSet) -> list[int]:
    """The numbers of all pull requests there ever were from the row's branch."""
    bare = world.bare(row.repository.full_name)
    found, before = [], None
    while page := pulls.listed(bare, before=before, limit=100):
        found += [p.number for p in page if p.head == row.branch]
        before = page[-1].number
    return found


def branches(world: World, repository: str = "platform/fleet") -> dict[str, str]:
    """Our branches on the forge, name to commit."""
    lines = world.git(
        "for-each-ref",
        "--format=%(refname:lstrip=2) %(objectname)",
        "refs/heads/gatehouse",
        repository=repository,
    ).splitlines()
    return dict(line.split(" ") for line in lines)


def holds(world: World, row: ChangeSet, commit: str) -> bool:
    """Whether the commit holds exactly what was approved, at the approved paths and no other."""
    full_name = row.repository.full_name
    wanted = {c.path: c.after for c in row.file_changes.all()}
    assert all(text is not None for text in wanted.values())
    names = world.git("diff-tree", "-r", "--name-only", f"{commit}^", commit, repository=full_name)
    return set(names.splitlines()) == set(wanted) and all(
        world.show(path, full_name, commit) == text for path, text in wanted.items()
    )


def is_open_once(world: World, row: ChangeSet) -> None:
    """One branch, one pull request, the right bytes, and a time for the next look."""
    row = ChangeSet.objects.get(pk=row.pk)
    assert row.state == State.OPEN, (row.state, row.last_error)
    assert pulls_ever(world, row) == [row.pull_request_number]
    pull = pulls.get(world.bare(row.repository.full_name), row.pull_request_number or 0)
    assert pull.is_open
    assert pull.head_commit == row.commit == branches(world)[row.branch]
    assert holds(world, row, row.commit)
    assert row.next_run_at is not None
    assert (row.attempts, row.last_error, row.last_cause) == (0, "", "")


def is_over(world: World, row: ChangeSet, state: State) -> None:
    """Ended in this state: one pull request at most, and no branch is left."""
    row = ChangeSet.objects.get(pk=row.pk)
    assert row.state == state, (row.state, row.last_error)
    assert len(pulls_ever(world, row)) <= 1
    assert row.branch not in branches(world)
    assert row.finished_at is not None


def chain_verifies() -> None:
    assert audit.verify().broken_at is None
