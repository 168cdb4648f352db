"""One push for many branches: leases, our own retries, strangers, and servers that say no."""

import pytest

from gitops.errors import Cause, DeliveryError
from gitops.git import push
from gitops.git.mirror import Mirror
from gitops.git.paths import UnsafeName
from gitops.git.push import PushResult, RefUpdate
from gitops.git.refusals import PushOutcome, judge
from tests.gitops.git.conftest import Origin, draft

OK, UP_TO_DATE, STALE, REFUSED, FAILED = PushOutcome


def made(mirror: Mirror, count: int, text: str = "x\n") -> list[str]:
    """Commits on the fetched main, one per number."""
    base = mirror.fetch("main")
    drafts = [draft(base, {f"t/{n}.yaml": text}) for n in range(count)]
    return [result.unwrap() for result in mirror.commit_many(drafts)]


def outcomes(results: list[PushResult]) -> list[PushOutcome]:
    return [result.outcome for result in results]


def new(branch: str, commit: str | None, expect: str | None = None) -> RefUpdate:
    return RefUpdate(branch=branch, commit=commit, expect=expect)


def test_a_new_branch_and_our_own_retry(mirror: Mirror, origin: Origin) -> None:
    (commit,) = made(mirror, 1)
    update = new("gatehouse/t/1-aa", commit)
    (first,) = mirror.push([update])
    (again,) = mirror.push([update])
    assert (first.outcome, again.outcome) == (OK, UP_TO_DATE)
    assert first.done
    assert again.done
    assert origin.branch("gatehouse/t/1-aa") == commit


def test_a_stranger_on_our_branch(mirror: Mirror, origin: Origin) -> None:
    ours, next_ours = made(mirror, 2)
    theirs = origin.commit({"their": "work\n"}, branch="b")
    (result,) = mirror.push([new("b", ours)])
    assert (result.outcome, result.cause) == (STALE, Cause.TAMPERED)
    assert "stale info" in result.detail
    assert origin.branch("b") == theirs
    # We know what we left there, and it is not that any more.
    (result,) = mirror.push([new("b", next_ours, expect=ours)])
    assert result.outcome is STALE
    assert origin.branch("b") == theirs
    # A branch that somebody deleted is not made again behind their back.
    (result,) = mirror.push([new("gone", next_ours, expect=ours)])
    assert result.outcome is STALE
    assert origin.branch("gone") == ""


def test_a_new_revision_replaces_what_we_left(mirror: Mirror, origin: Origin) -> None:
    old, revised = made(mirror, 2)
    mirror.push([new("b", old)])
    (result,) = mirror.push([new("b", revised, expect=old)])
    assert result.outcome is OK
    assert origin.branch("b") == revised
    (again,) = mirror.push([new("b", revised, expect=old)])
    assert again.outcome is UP_TO_DATE


def test_deleting(mirror: Mirror, origin: Origin) -> None:
    (commit,) = made(mirror, 1)
    mirror.push([new("b", commit), new("c", commit)])
    results = mirror.push(
        [new("b", None, expect=commit), new("c", None, expect="1" * 40), new("none", None)]
    )
    assert outcomes(results)[:2] == [OK, STALE]
    assert results[2].done
    assert origin.branch("b") == ""
    assert origin.branch("c") == commit
    (again,) = mirror.push([new("b", None, expect=commit)])
    assert again.done or again.outcome is STALE


def test_one_stale_branch_stops_no_other(mirror: Mirror, origin: Origin) -> None:
    commits = made(mirror, 110)
    origin.commit({"their": "work\n"}, branch="b/7")
    mirror.push([new("b/3", commits[3])])
    results = mirror.push([new(f"b/{n}", commit) for n, commit in enumerate(commits)])
    assert [result.branch for result in results] == [f"b/{n}" for n in range(110)]
    wrong = {n: result.outcome for n, result in enumerate(results) if result.outcome is not OK}
    assert wrong == {3: UP_TO_DATE, 7: STALE}
    assert all(origin.branch(f"b/{n}") == commits[n] for n in (0, 3, 109))


def test_a_commit_that_is_not_here_stops_no_other(mirror: Mirror) -> None:
    (commit,) = made(mirror, 1)
    lost, fine = mirror.push([new("a", "1" * 40), new("b", commit)])
    assert (lost.outcome, lost.cause) == (FAILED, Cause.TRANSIENT)
    assert fine.outcome is OK
    assert mirror.push([]) == []


@pytest.mark.parametrize("branch", ["--receive-pack=touch x", "-f", "+main", "a:main", "a b", ""])
def test_no_option_hides_in_a_branch(mirror: Mirror, branch: str) -> None:
    (commit,) = made(mirror, 1)
    with pytest.raises(UnsafeName):
        mirror.push([new(branch, commit)])
    with pytest.raises(UnsafeName):
        mirror.push([new("b", "HEAD")])
    with pytest.raises(UnsafeName):
        mirror.push([new("b", commit, expect="--mirror")])


def test_a_mirror_that_was_never_fetched_can_delete(mirror: Mirror, origin: Origin) -> None:
    commit = origin.commit({"x": "x"}, branch="b")
    assert outcomes(mirror.push([new("b", None, expect=commit)])) == [OK]


def test_a_server_that_protects_one_branch(mirror: Mirror, origin: Origin) -> None:
    says = "GH006: Protected branch update failed for $1."
    origin.hook("update", f'case "$1" in *locked) echo "{says}"; exit 1;; esac')
    one, two = made(mirror, 2)
    results = mirror.push([new("locked", one), new("free", two)])
    assert outcomes(results) == [REFUSED, OK]
    assert results[0].cause is Cause.PERMISSION
    assert "GH006: Protected branch update failed for refs/heads/locked." in results[0].detail
    assert "locked" not in results[1].detail


PICKY = 'while read old new name; do case "$name" in *bad*) echo "no: $name"; exit 1;; esac; done'


@pytest.mark.parametrize("bad", [{57}, {3, 80}])
def test_a_hook_that_refuses_all_for_the_sake_of_one(
    mirror: Mirror, origin: Origin, bad: set[int]
) -> None:
    origin.hook("pre-receive", PICKY)
    commits = made(mirror, 100)
    names = [f"{'bad' if n in bad else 'b'}/{n}" for n in range(100)]
    results = mirror.push([new(name, commit) for name, commit in zip(names, commits, strict=True)])
    refused = {n for n, result in enumerate(results) if result.outcome is REFUSED}
    # Two culprits may need more pushes than one call makes; the next call goes on.
    assert bad <= refused
    again = mirror.push([new(name, commit) for name, commit in zip(names, commits, strict=True)])
    assert {n for n, result in enumerate(again) if result.outcome is REFUSED} >= bad
    if len(bad) == 1:
        assert refused == bad


def test_a_server_that_refuses_everything_is_not_hammered(mirror: Mirror, origin: Origin) -> None:
    origin.hook("pre-receive", "echo x >> pushes; exit 1")
    commits = made(mirror, 20)
    results = mirror.push([new(f"b/{n}", commit) for n, commit in enumerate(commits)])
    assert set(outcomes(results)) == {REFUSED}
    assert {result.cause for result in results} == {Cause.PERMISSION}
    assert len((origin.path / "pushes").read_text().split()) <= 16


def test_a_server_that_takes_no_rewriting(mirror: Mirror, origin: Origin) -> None:
    origin.git("config", "receive.denyNonFastForwards", "true")
    old, revised = made(mirror, 2)
    mirror.push([new("b", old)])
    (result,) = mirror.push([new("b", revised, expect=old)])
    assert (result.outcome, result.cause) == (REFUSED, Cause.PERMISSION)


def test_the_server_is_unreachable(mirror: Mirror, origin: Origin) -> None:
    (commit,) = made(mirror, 1)
    origin.path.rename(origin.path.with_name("elsewhere.git"))
    with pytest.raises(DeliveryError) as failed:
        mirror.push([new("b", commit)])
    assert failed.value.cause is Cause.MISSING


# The reason git prints for the branch, what the server wrote, and what that means.
SAID = [
    ("[rejected] (stale info)", "", STALE, Cause.TAMPERED),
    ("[rejected] (fetch first)", "", STALE, Cause.TAMPERED),
    ("[rejected] (non-fast-forward)", "", STALE, Cause.TAMPERED),
    ("[rejected] (already exists)", "", STALE, Cause.TAMPERED),
    ("[remote rejected] (protected branch hook declined)",
     "error: GH006: Protected branch update failed for refs/heads/main.", REFUSED,
     Cause.PERMISSION),
    ("[remote rejected] (push declined due to repository rule violations)",
     "error: GH013: Repository rule violations found for refs/heads/x.", REFUSED,
     Cause.PERMISSION),
    ("[remote rejected] (x)", "GH003: Sorry, force-pushing to main is not allowed.", REFUSED,
     Cause.PERMISSION),
    ("[remote rejected] (pre-receive hook declined)",
     "GitLab: You are not allowed to push code to protected branches on this project.", REFUSED,
     Cause.PERMISSION),
    ("[remote rejected] (TF402455: Pushes to this branch are not permitted; you must use a pull "
     "request to update this branch.)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (TF401027: You need the Git 'GenericContribute' permission to perform this "
     "action.)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (hook declined)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (deny updating a hidden ref)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (non-fast-forward)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (deletion prohibited)", "", REFUSED, Cause.PERMISSION),
    ("[remote rejected] (failed to update ref)", "", FAILED, Cause.TRANSIENT),
    ("[remote rejected] (cannot lock ref 'refs/heads/x': is at a but expected b)", "", FAILED,
     Cause.TRANSIENT),
    ("[remote rejected] (unpacker error)", "", FAILED, Cause.TRANSIENT),
    ("[remote failure] (remote failed to report status)", "", FAILED, Cause.TRANSIENT),
    ("[remote rejected] (shallow update not allowed)", "", FAILED, Cause.BUG),
    ("[remote rejected] (words nobody foresaw)", "", FAILED, Cause.BUG),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "said", "outcome", "cause"), SAID)
def test_what_servers_say(reason: str, said: str, outcome: PushOutcome, cause: Cause) -> None:
    assert judge(reason, said) == (outcome, cause)


def test_lines_that_are_no_answers_are_passed_over() -> None:
    stdout = (
        "To https://h/x\n"
        "*\trefs/heads/a:refs/heads/a\t[new branch]\n"
        "!\t:refs/heads/b\t[remote rejected] (reference does not exist)\n"
        "!\tabc:refs/heads/c\t[remote rejected] (reference does not exist)\n"
        "=\trefs/tags/v1:refs/tags/v1\t[up to date]\n"
        "Done\n"
    )
    results = push.parse(stdout, "")
    assert {name: result.outcome for name, result in results.items()} == {
        "a": OK,
        "b": UP_TO_DATE,
        "c": FAILED,
    }


def test_only_what_the_server_said_about_the_branch_is_shown() -> None:
    stderr = "remote: error for refs/heads/a.\nremote: error for refs/heads/a-b.\nremote:  \nx"
    line = "!\tabc:refs/heads/{}\t[remote rejected] (hook declined)\n"
    stale = "!\tabc:refs/heads/ours\t[rejected] (stale info)\n"
    results = push.parse(stale + "".join(map(line.format, ("a", "a-b", "z"))), stderr)
    assert results["ours"].detail == "[rejected] (stale info)"
    assert results["a"].detail.endswith("declined)\nerror for refs/heads/a.")
    assert results["a-b"].detail.endswith("declined)\nerror for refs/heads/a-b.")
    assert results["z"].detail.count("error for") == 2
