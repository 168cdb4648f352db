"""One request as a line of a list. Everything comes with the list's own few queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Prefetch, QuerySet

from tenants.models import Request, Revision
from tenants.operations import OPERATIONS
from tenants.workflow import Status

_PHASES: Mapping[str, tuple[str, str]] = {  # phase key: word, tone
    "draft": ("draft", "idle"),
    "returned": ("returned", "wait"),
    "blocked": ("blocked", "wait"),
    "waiting-for-approval": ("waiting for approval", "wait"),
    "needs-admin": ("needs an admin", "bad"),
    "frozen": ("frozen", "wait"),
    "opening": ("opening pull requests", "run"),
    "waiting-for-merge": ("waiting for merge", "run"),
    "half-merged": ("merged in part", "bad"),
    "closed": ("closed", "bad"),
    "merged-with-changes": ("merged with changes", "bad"),
    "not-reconciled": ("not reconciled", "bad"),
    "reconciling": ("merged, reconciling", "run"),
    "ready": ("ready", "good"),
    "merged": ("merged", "good"),
    "closing": ("closing", "run"),
    "rejected": ("rejected", "idle"),
    "withdrawn": ("withdrawn", "idle"),
    "expired": ("expired", "idle"),
}


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
    requester: str
    since: datetime
    purpose: str


def with_rows(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Fetch what `rows` reads: two queries, however many requests."""
    current = Revision.objects.filter(number=F("request__revision_number")).only(
        "request_id", "number", "environments"
    )
    return requests.select_related("requester").prefetch_related(
        Prefetch("revisions", queryset=current, to_attr="current_revisions")
    )


def rows(requests: Iterable[Request]) -> tuple[Row, ...]:
    """Lines for requests that came through `with_rows`."""
    return tuple(_row(request) for request in requests)


def _row(request: Request) -> Row:
    operation = OPERATIONS.get(request.operation)
    title = operation.title if operation else request.operation
    key = request.phase_key
    word, tone = _PHASES.get(key, (key.replace("-", " "), "wait"))
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
        requester=request.requester.get_username(),
        since=asked or request.created_at,
        purpose=request.purpose,
    )
