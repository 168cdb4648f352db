"""One push for many branches: the arguments, and what git says about each (git-push(1), OUTPUT).

Each branch carries a lease: the commit we last left there, or nothing when it must be new. The
server's answer "up to date" comes before the lease is looked at, so our own repeated push is a
success and a stranger's commit is not.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gitops.errors import Cause
from gitops.git.failures import classify
from gitops.git.paths import check_branch, check_id
from gitops.git.refusals import PushOutcome, is_collective, judge

_HEADS = "refs/heads/"
_REMOTE = "[remote"  # the server's verdict: [remote rejected], [remote failure]
_ABSENT = re.compile(r"non-?existent|does(n't| not) exist|not found", re.IGNORECASE)
_MOST_PUSHES = 16  # finds one bad branch among a hundred by halving: 1 + 2 * 7
_DONE = {" ": PushOutcome.OK, "+": PushOutcome.OK, "*": PushOutcome.OK, "-": PushOutcome.OK,
         "=": PushOutcome.UP_TO_DATE}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RefUpdate:
    """What a branch should become. `commit` None deletes it; `expect` None: it must not exist."""

    branch: str
    commit: str | None
    expect: str | None


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """How it went for one branch. `cause` is None exactly when the branch is as asked."""

    branch: str
    outcome: PushOutcome
    detail: str = ""
    cause: Cause | None = None
    collective: bool = False  # refused together with others; may be innocent

    @property
    def done(self) -> bool:
        """Whether the branch is as asked."""
        return self.cause is None


def arguments(address: str, updates: Sequence[RefUpdate]) -> list[str]:
    """The arguments of `git push`. Raises UnsafeName."""
    leases, specs = [], []
    for update in updates:
        name = _HEADS + check_branch(update.branch)
        source = check_id(update.commit) if update.commit else ""
        expect = check_id(update.expect) if update.expect else ""
        leases.append(f"--force-with-lease={name}:{expect}")
        specs.append(f"{source}:{name}")
    return [
        "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
        *leases, "--", address, *specs,
    ]  # fmt: skip


def parse(stdout: str, stderr: str) -> dict[str, PushResult]:
    """By branch, what the porcelain lines `<flag> TAB <from>:<to> TAB <summary>` say."""
    results: dict[str, PushResult] = {}
    for line in stdout.splitlines():
        flag, tab, rest = line.partition("\t")
        spec, second_tab, summary = rest.partition("\t")
        source, _, name = spec.rpartition(":")
        if tab and second_tab and name.startswith(_HEADS):
            branch = name.removeprefix(_HEADS)
            # git's own server deletes what is not there without complaint; others may complain.
            gone = not source and summary.startswith(_REMOTE) and _ABSENT.search(summary)
            results[branch] = _result(branch, "=" if gone else flag, summary, stderr)
    return results


def _result(branch: str, flag: str, summary: str, stderr: str) -> PushResult:
    if flag in _DONE:
        return PushResult(branch=branch, outcome=_DONE[flag], detail=summary)
    said = _said_about(branch, stderr) if summary.startswith(_REMOTE) else ""
    outcome, cause = judge(summary, said)
    return PushResult(
        branch=branch,
        outcome=outcome,
        cause=cause,
        detail=f"{summary}\n{said}".strip()[:1000],
        collective=outcome is PushOutcome.REFUSED and is_collective(summary),
    )


def _said_about(branch: str, stderr: str) -> str:
    """The server's lines that name the branch; all its lines when none does."""
    lines = [
        line.removeprefix("remote:").strip()
        for line in stderr.splitlines()
        if line.startswith("remote:")
    ]
    named = re.compile(rf"(^|[\s/'\"]){re.escape(branch)}($|[\s'\".,;:)])")
    return "\n".join([line for line in lines if named.search(line)] or filter(None, lines))


def unanswered(branch: str, stderr: str) -> PushResult:
    """For a branch that git said nothing about, though it did about others: the end came early."""
    cause = classify(stderr)
    return PushResult(
        branch=branch,
        outcome=PushOutcome.FAILED,
        cause=Cause.TRANSIENT if cause is Cause.BUG else cause,
        detail=stderr[-1000:],
    )


def push_all(
    updates: Sequence[RefUpdate], once: Callable[[Sequence[RefUpdate]], Iterable[PushResult]]
) -> list[PushResult]:
    """Push all together by `once`, and look for the bad branch when a hook refuses all of them.

    A hook that looks at the whole push (pre-receive) refuses every branch for the sake of one.
    Halving finds it and lets the others through, in at most 16 pushes; what is still refused then
    stays refused, and comes back with the caller's next try. Answers are in the order of `updates`.
    """
    results: dict[str, PushResult] = {}
    waiting, pushes = [list(updates)], 0
    while waiting and pushes < _MOST_PUSHES:
        group, pushes = waiting.pop(0), pushes + 1
        answers = {result.branch: result for result in once(group)}
        results.update(answers)
        refused = [update for update in group if answers[update.branch].collective]
        if len(refused) > 1:
            middle = len(refused) // 2
            waiting += [refused[:middle], refused[middle:]]
    return [results[update.branch] for update in updates]
