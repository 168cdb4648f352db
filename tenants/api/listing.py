"""Which requests a list is asked for, and in what order."""

import re
import uuid
from collections.abc import Mapping

from django.db.models import Q, QuerySet

from tenants.api.parameters import Parameters
from tenants.models import Request
from tenants.operations import OPERATIONS
from tenants.workflow import Status

ORDERINGS: Mapping[str, str] = {
    "number": "number",
    "status": "status",
    "operation": "operation",
    "tenant": "tenant_slug",
    "requester": "requester__username",
    "created_at": "created_at",
    "submitted_at": "submitted_at",
    "decided_at": "decided_at",
    "settled_at": "settled_at",
}
"""What `ordering` takes, and the column behind each word."""


def matching(visible: QuerySet[Request], parameters: Parameters) -> QuerySet[Request]:
    """The visible requests the filters leave: each filter's values are alternatives."""
    rows = visible
    if statuses := parameters.words("status", [s.value for s in Status]):
        rows = rows.filter(status__in=statuses)
    if tenants := parameters.words("tenant"):
        rows = rows.filter(Q(tenant_slug__in=tenants) | Q(tenant_id__in=_uuids(tenants)))
    if operations := parameters.words("operation", OPERATIONS):
        rows = rows.filter(operation__in=operations)
    if people := parameters.words("requester"):
        rows = rows.filter(requester__username__in=people)
    if text := parameters.text("q"):
        rows = rows.filter(_mentions(text))
    return rows


def _mentions(text: str) -> Q:
    found = Q(subject__icontains=text) | Q(tenant_slug__icontains=text) | Q(purpose__icontains=text)
    if number := re.fullmatch(r"#?([0-9]{1,9})", text):
        found |= Q(number=int(number[1]))
    return found


def _uuids(words: list[str]) -> list[uuid.UUID]:
    return [
        uuid.UUID(w) for w in words if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", w)
    ]
