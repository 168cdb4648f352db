"""The life of a request and of its change sets, as a page."""

from gitops import retry, states
from gitops.errors import Cause
from portal.manual.markdown import code, codes, mermaid, page, table
from tenants import approval, phases, workflow
from tenants.permissions import TURN
from tenants.tasks import EXPIRES_AFTER


def workflow_page() -> str:
    """`docs/workflow.md`."""
    return page(
        "# The life of a request",
        "Three things are kept apart and never share a column: what people decided (the request's"
        " *status*), how far git has come (the *state* of each change set), and what clusters"
        " report (*conditions*). What a page shows as one word, the *phase*, is derived from the"
        " three.",
        "## What people decide",
        mermaid(workflow.diagram()),
        _actions(),
        "An approval moves a request only when it is the last one the revision needs; the ones"
        " before it are counted. `edit`, `refresh` and `invalidate` make a new revision of a"
        " submitted request, and every decision about the earlier one is void.",
        f"A request that nobody touches ends by itself: {_patience()}.",
        "Whose turn it is:",
        table(
            ("status", "whose turn"),
            ((code(status), turn.sentence) for status, turn in TURN.items()),
        ),
        "## Which approvals are needed",
        approval.read_aloud(),
        "All rules that hold are added up. The stages a request needs are written down with its"
        " revision when it is submitted, so a rule that changes later does not touch requests"
        " that are under way. One person decides once about a revision.",
        "## How far git has come",
        mermaid(states.diagram()),
        _states(),
        "A change set that is not over has a time of its next step, or a person it waits for; the"
        " database refuses a row that has neither.",
        "### When a person is needed",
        "The state is `needs_admin` and the reason is one of these. A parked change set is looked"
        " at again by itself, so mending the cause in the forge is often enough.",
        table(
            ("reason", "what happened, and the way out"),
            ((code(reason), sentence) for reason, sentence in states.REASONS.items()),
        ),
        "### When a step fails",
        _retries(),
        "## The one word a person sees",
        f"A request walks through {len(phases.STEPS)} steps: {', '.join(phases.STEPS)}. The word,"
        " the step and the sentence that says what it waits for come from `tenants/phases.py`.",
        source="`tenants/workflow.py`, `tenants/approval.py`, `tenants/permissions.py`,"
        " `gitops/states.py` and `gitops/retry.py`",
    )


def _actions() -> str:
    return table(
        ("action", "from", "to", "who"),
        (
            (
                code(action),
                codes(s for s in workflow.Status if s in transition.sources),
                code(transition.target) if transition.target else "stays",
                transition.by,
            )
            for action, transition in workflow.TRANSITIONS.items()
        ),
    )


def _patience() -> str:
    spans = (f"{code(s)} after {span.days} days" for s, span in EXPIRES_AFTER.items())
    return ", ".join(spans)


def _states() -> str:
    return table(
        ("state", "over", "the next moves"),
        (
            (
                code(state),
                "yes" if state in states.TERMINAL else "",
                codes(move for move, step in states.MOVES.items() if state in step.sources),
            )
            for state in states.State
        ),
    )


def _retries() -> str:
    return table(
        ("cause", "what the portal does"),
        ((code(cause), _policy(retry.POLICIES[cause])) for cause in Cause),
    )


def _policy(policy: retry.RetryPolicy) -> str:
    if policy.park is not None:
        return f"asks a person ({code(policy.park)}), looks again every {_span(policy.recheck)}"
    longest = f"after {_span(policy.first)}, then twice as long each time up to"
    tries = "" if policy.tries is None else f", {policy.tries} tries in all, then `failed`"
    return f"tries again {longest} {_span(policy.most)}{tries}"


def _span(seconds: float) -> str:
    for size, word in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {word}"
    return f"{seconds:g} s"
