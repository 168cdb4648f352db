"""Which approvals a request needs, as one table, and how far it has come. Pure.

The stages are taken down with the revision when it is submitted, so a rule that changes later
changes nothing for requests that are under way. Each stage counts other people: one person decides
once about a revision, and never about what they asked for themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tenants.inventory import Environment
from tenants.operations.base import ChangeClass

PLATFORM_ADMIN = "a platform admin"
APPROVE = "approve"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at."""

    environments: tuple[Environment, ...]
    change_class: ChangeClass
    new_tenant: bool = False


@dataclass(frozen=True, kw_only=True)
class RequiredStage:
    """One approval a revision needs: from how many different people, from whom and why.

    `dataclasses.asdict` and `RequiredStage(**…)` take it to JSON and back.
    """

    slug: str
    title: str
    needed: int
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRule:
    """A row of the table: when it holds, in code and in words, and the stage it then asks for."""

    slug: str
    title: str
    applies: Callable[[Facts], bool]
    when: str
    who: str = PLATFORM_ADMIN
    needed: int = 1


APPROVAL_RULES: tuple[ApprovalRule, ...] = (
    ApprovalRule(
        slug="platform",
        title="Platform",
        applies=lambda facts: True,
        when="for every request",
    ),
    ApprovalRule(
        slug="production",
        title="Production",
        applies=lambda facts: Environment.PRODUCTION in facts.environments,
        when="when a production cluster is touched",
        who="another platform admin",
    ),
)
"""In the order in which approvals are counted. The first row leaves no request without a stage."""


@dataclass(frozen=True, kw_only=True)
class DecisionView:
    """A recorded decision about the revision. `verdict` is approve, return or reject."""

    stage: str
    verdict: str
    decider: str
    void: bool = False


@dataclass(frozen=True, kw_only=True)
class StageProgress:
    """A stage, and who approved in it."""

    stage: RequiredStage
    deciders: tuple[str, ...]

    @property
    def given(self) -> int:
        return len(self.deciders)

    @property
    def missing(self) -> int:
        return max(0, self.stage.needed - self.given)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the approval of a revision has come."""

    stages: tuple[StageProgress, ...]

    @property
    def next(self) -> RequiredStage | None:
        """The stage the next approval counts for; None when there is nothing left to approve."""
        return next((s.stage for s in self.stages if s.missing), None)

    @property
    def is_met(self) -> bool:
        """Whether everything is approved. No stages at all is nobody's approval."""
        return bool(self.stages) and self.next is None


def required_stages(facts: Facts) -> tuple[RequiredStage, ...]:
    """The stages a request with these facts needs, in order; never none."""
    return tuple(
        RequiredStage(
            slug=rule.slug,
            title=rule.title,
            needed=rule.needed,
            who=rule.who,
            why=f"Needed {rule.when}.",
        )
        for rule in APPROVAL_RULES
        if rule.applies(facts)
    )


def progress(
    required: Sequence[RequiredStage], decisions: Iterable[DecisionView], *, requester: str = ""
) -> Progress:
    """Count the approvals of a revision.

    Void ones, the requester's and a person's second one count for nothing, whatever was stored.
    """
    counted: dict[str, str] = {}
    for decision in decisions:
        approves = decision.verdict == APPROVE and not decision.void
        if approves and decision.decider != requester:
            counted.setdefault(decision.decider, decision.stage)
    return Progress(
        stages=tuple(
            StageProgress(
                stage=stage,
                deciders=tuple(who for who, slug in counted.items() if slug == stage.slug),
            )
            for stage in required
        )
    )


def read_aloud() -> str:
    """The table in words, a Markdown list for the documentation; a test compares."""
    lines = [
        f"- **{rule.title}** (`{rule.slug}`), {rule.when}: "
        f"{_times(rule.needed)} by {rule.who}, never by the requester."
        for rule in APPROVAL_RULES
    ]
    return "\n".join(lines) + "\n"


def _times(needed: int) -> str:
    return "one approval" if needed == 1 else f"{needed} approvals"
