"""One request as a line of a list. Everything comes with the list's own few queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Prefetch, QuerySet

from tenants.models import Request, Revision
from tenants.operations import OPERATIONS
from tenants.phases import Tone
from tenants.workflow import Status

PHASES: Mapping[str, tuple[str, Tone, str]] = {  # phase key: word, tone, whose turn it is
    "draft": ("draft", Tone.IDLE, "Submit it when it is ready."),
    "returned": ("returned", Tone.WAIT, "An approver asked for changes."),
    "blocked": ("blocked", Tone.WAIT, "An earlier request owns the same files and goes first."),
    "waiting-for-approval": ("waiting for approval", Tone.WAIT, "A platform admin decides next."),
    "needs-admin": ("needs an admin", Tone.BAD, "A platform admin has to look at it."),
    "frozen": ("frozen", Tone.WAIT, "Approved; nothing is written while Gatehouse is frozen."),
    "opening": ("opening pull requests", Tone.RUN, "Approved; the portal opens pull requests."),
    "waiting-for-merge": ("waiting for merge", Tone.RUN, "Its pull requests can be merged."),
    "half-merged": ("merged in part", Tone.BAD, "One pull request was merged, another closed."),
    "closed": ("closed", Tone.BAD, "Its pull requests were closed without a merge."),
    "merged-with-changes": ("merged with changes", Tone.BAD, "Merged, but not as approved."),
    "not-reconciled": ("not reconciled", Tone.BAD, "Merged; a cluster reports a failure."),
    "reconciling": ("merged, reconciling", Tone.RUN, "Merged; Flux is applying it."),
    "ready": ("ready", Tone.GOOD, "Flux has applied it."),
    "merged": ("merged", Tone.GOOD, "Flux applies it; the clusters do not report here."),
    "closing": ("closing", Tone.RUN, "The portal is closing its pull requests."),
    "rejected": ("rejected", Tone.IDLE, "It can be reopened as a draft."),
    "withdrawn": ("withdrawn", Tone.IDLE, "It can be reopened as a draft."),
    "expired": ("expired", Tone.IDLE, "It can be reopened as a draft."),
}
"""`phases.phase` in short, by the key stored with each request: a list reads nothing else."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request in a list: what, for whom, how far, since when."""

    number: int
    subject: str
    operation: str
    tenant: str
    environments: tuple[str, ...]
    word: str
    tone: str
    turn: str
    requester: str
    since: datetime
    purpose: str


def with_rows(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Fetch what `rows` reads beside the requester, whom `queries` brings along."""
    current = Revision.objects.filter(number=F("request__revision_number")).only(
        "request_id", "number", "environments"
    )
    return requests.prefetch_related(
        Prefetch("revisions", queryset=current, to_attr="current_revisions")
    )


def rows(requests: Iterable[Request]) -> tuple[Row, ...]:
    """Lines for requests that came through `with_rows`."""
    return tuple(_row(request) for request in requests)


def _row(request: Request) -> Row:
    operation = OPERATIONS.get(request.operation)
    title = operation.title if operation else request.operation
    key = request.phase_key
    word, tone, turn = PHASES.get(key, (key.replace("-", " "), Tone.WAIT, ""))
    current: list[Revision] = getattr(request, "current_revisions", [])
    asked = request.submitted_at if request.status != Status.DRAFT else None
    return Row(
        number=request.number,
        subject=request.subject or title,
        operation=title,
        tenant=request.tenant_slug,
        environments=tuple(current[0].environments) if current else (),
        word=word,
        tone=tone,
        turn=turn,
        requester=request.requester.get_username(),
        since=asked or request.created_at,
        purpose=request.purpose,
    )
