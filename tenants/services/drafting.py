"""Making, editing and reopening requests. A draft keeps whatever was typed, right or wrong."""

from typing import Any

from django.db import transaction
from django.db.models import F

from gitops.errors import InvalidSpec, Problem
from tenants import permissions
from tenants.errors import NotPermitted, StaleRequest
from tenants.models import Counter, Request, Tenant
from tenants.operations import OPERATIONS
from tenants.operations.facts import External
from tenants.queries import actor
from tenants.services.common import check, fresh, move, note
from tenants.services.settling import refresh_phase
from tenants.services.submitting import new_revision, propose_stored
from tenants.storable import storable
from tenants.workflow import Action, Status


@transaction.atomic
def create(
    *,
    by: Any,
    operation: str,
    tenant: str = "",
    payload: object = None,
    purpose: str = "",
    cost_centre: str = "",
    external: External | None = None,
) -> Request:
    """A new draft. Raises `InvalidSpec` for an unknown operation or tenant, `NotPermitted`.

    The payload is not judged: a draft keeps what was typed. `submit` judges it.
    """
    known = OPERATIONS.get(operation)
    if known is None:
        raise _problem("/operation", "unknown-operation", "There is no such operation.")
    row = _tenant(tenant, by) if known.needs_tenant else None
    reason = permissions.why_not_ask(known.asks, actor(by), row.slug if row else "")
    if reason:
        raise NotPermitted(reason)
    request = Request(
        number=_next_number(),
        operation=operation,
        tenant=row,
        tenant_slug=row.slug if row else "",
        requester=by,
        **_external(external),
    )
    _write(request, payload, purpose, cost_centre)
    request.save(force_insert=True)
    note(request, "create", by=by, data={"operation": operation})
    return request


def edit(
    request: Request,
    *,
    by: Any,
    payload: object,
    purpose: str = "",
    cost_centre: str = "",
    expected_version: int | None = None,
) -> Request:
    """Change what is asked. A submitted request gets a new revision and earlier decisions are void.

    Raises `StaleRequest` when `expected_version` is not the current one, `InvalidSpec` when a
    submitted request would become one that breaks rules; then nothing changes.
    """
    with transaction.atomic():
        current = fresh(request)
        check(Action.EDIT, current, by)
        if expected_version is not None and current.version != expected_version:
            raise StaleRequest("The request was changed since you opened it.")
        _write(current, payload, purpose, cost_centre)
        fields = {n: getattr(current, n) for n in ("payload", "purpose", "cost_centre", "subject")}
        move(current, Action.EDIT, by=by, **fields)
        if current.status == Status.SUBMITTED:
            new_revision(current, propose_stored(current), by=by, why="edited")
        refresh_phase(current)
    return current


def reopen(request: Request, *, by: Any) -> Request:
    """Take up again what ended: as a draft with the same payload."""
    with transaction.atomic():
        current = fresh(request)
        check(Action.REOPEN, current, by)
        move(current, Action.REOPEN, by=by, decided_at=None, settled_at=None)
        refresh_phase(current)
    return current


def _write(request: Request, payload: object, purpose: str, cost_centre: str) -> None:
    kept = storable(payload)
    request.payload = kept if isinstance(kept, dict) else {}
    request.purpose = str(storable(purpose) or "")
    request.cost_centre = str(storable(cost_centre) or "")
    name = request.payload.get("name")
    request.subject = name[:100] if isinstance(name, str) else ""
    if request.tenant_id is None and not OPERATIONS[request.operation].needs_tenant:
        request.tenant_slug = request.subject[:63]


def _tenant(slug: str, by: Any) -> Tenant:
    """The tenant, if this person may know of it. A stranger's and an unknown one look the same."""
    row = Tenant.objects.filter(slug=slug).first() if isinstance(slug, str) else None
    if row is None or not permissions.may_see(actor(by), row.slug):
        raise _problem("/tenant", "unknown-tenant", "Say which tenant this is for; one of yours.")
    return row


def _problem(pointer: str, code: str, detail: str) -> InvalidSpec:
    return InvalidSpec([Problem(pointer=pointer, code=code, detail=detail)])


def _external(external: External | None) -> dict[str, str]:
    if external is None:
        return {}
    return {
        "external_system": external.system,
        "external_id": external.id,
        "external_url": external.url,
    }


def _next_number() -> int:
    """The next request number, without gaps: the counter's row stays locked until the end."""
    Counter.objects.get_or_create(name="request")
    Counter.objects.filter(name="request").update(value=F("value") + 1)
    return Counter.objects.get(name="request").value
