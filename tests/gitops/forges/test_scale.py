"""Opening one and pushing cost the same with two thousand pull requests. Counted, not timed."""

from pathlib import Path

from gitops.forges.base import PullRequestDraft, PullRequestState
from gitops.forges.local import following, merging, pulls, repository
from gitops.forges.local.bare import Bare
from gitops.forges.local.documents import Action, Pull, heads_path
from gitops.forges.local.meta import Change, mutate
from tests.gitops.forges.clone import git
from tests.gitops.forges.conftest import Branches, CountingRunner, LocalFarSide

MANY = 2000


def fill(far: LocalFarSide, names: list[str]) -> None:
    """A pull request per branch, all in one change of the store; every tenth stays open."""
    commits = far.bare.branches()
    heads = [heads_path(name) for name in names]

    def change(draft: Change) -> None:
        for name in names:
            number = draft.next_number()
            pull = Pull(
                number=number,
                title=name,
                body="",
                state=PullRequestState.CLOSED if number % 10 else PullRequestState.OPEN,
                head=name,
                head_commit=commits[name],
                base="main",
                base_commit=commits["main"],
                author="gatehouse",
                created_at=draft.now,
                updated_at=draft.now,
            )
            draft.store(pull, Action.OPENED, by="gatehouse")

    mutate(far.bare, change, by="gatehouse", loads=heads)


def loose_bytes(bare: Bare) -> int:
    return sum(path.stat().st_size for path in bare.directory.glob("objects/??/*"))


def cost(far: LocalFarSide, branch: str) -> tuple[list[str], int]:
    """(the git commands it took, the bytes it wrote) to open one pull request."""
    runner = CountingRunner()
    bare = Bare(far.bare.directory, runner=runner)
    before = loose_bytes(bare)
    pulls.open_pull(bare, PullRequestDraft(head=branch, base="main", title="one"), by="gatehouse")
    return runner.commands, loose_bytes(bare) - before


def advertised(bare: Bare, service: str) -> list[str]:
    """The ref names git tells a client before anything is fetched or pushed."""
    told = git(service, "--http-backend-info-refs", str(bare.directory), cwd=bare.directory)
    found = [line[44:].split("\0")[0].strip() for line in told.split("\n") if len(line) > 44]
    return [name for name in found if name.startswith(("refs/", "HEAD"))]


def test_opening_and_pushing_cost_the_same_with_two_thousand(
    far: LocalFarSide, branches: Branches
) -> None:
    branches(["first", "second", *(f"many/{n}" for n in range(MANY))])
    few_commands, few_bytes = cost(far, "first")
    fill(far, [f"many/{n}" for n in range(MANY)])
    commands, written = cost(far, "second")
    assert commands == few_commands
    assert len(commands) <= 8
    assert written < few_bytes + 24_000  # the listings of a few directories of a hundred

    far.bare.git("update-ref", "--stdin", stdin=_deletions())
    assert advertised(far.bare, "upload-pack") == ["HEAD", *_three_branches()]
    assert advertised(far.bare, "receive-pack") == _three_branches()


def _deletions() -> bytes:
    return "".join(f"delete refs/heads/many/{n}\n" for n in range(MANY)).encode()


def _three_branches() -> list[str]:
    return [f"refs/heads/{name}" for name in ("first", "main", "second")]


def test_reading_costs_the_same_for_any_number(far: LocalFarSide, branches: Branches) -> None:
    names = [f"many/{n}" for n in range(300)]
    branches(names)
    fill(far, names)
    runner = CountingRunner()
    bare = Bare(far.bare.directory, runner=runner)
    assert following.follow_all(bare) == ()
    assert len(runner.commands) <= 5
    runner.commands.clear()
    assert pulls.get(bare, 300).is_open
    assert len(runner.commands) <= 3
    runner.commands.clear()
    found = pulls.find(bare, head="many/299", base="main")
    assert found
    assert found.number == 300
    assert len(runner.commands) <= 4
    runner.commands.clear()
    newest = pulls.listed(bare, state=PullRequestState.OPEN, limit=5)
    assert [pull.number for pull in newest] == [300, 290, 280, 270, 260]
    assert [p.number for p in pulls.listed(bare, before=260, limit=2)] == [259, 258]
    assert len(runner.commands) <= 16


def test_housekeeping_packs_and_changes_nothing(far: LocalFarSide, branches: Branches) -> None:
    names = [f"many/{n}" for n in range(20)]
    branches(names)
    fill(far, names)
    merging.merge(far.bare, 10, by="bob")
    before = far.bare.git("for-each-ref").text, pulls.listed(far.bare)
    repository.housekeeping(far.bare)
    assert not list(Path(far.bare.directory, "objects").glob("??/*"))
    assert not (far.bare.directory / "refs/pull/1").exists()
    assert (far.bare.git("for-each-ref").text, pulls.listed(far.bare)) == before
    assert cost(far, "many/1")[0]
