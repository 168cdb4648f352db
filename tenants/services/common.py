"""What every verb does: look at the person, move by compare-and-swap, write the audit row."""

from typing import Any

from django.utils import timezone

from tenants import audit, permissions, workflow
from tenants.errors import StaleRequest
from tenants.models import AuditHead, Decision, Request, Revision
from tenants.queries import actor, request_view
from tenants.workflow import Action, Status


def check(action: Action, request: Request, by: Any) -> None:
    """Raises `NotPermitted` or `TransitionNotAllowed`; see `tenants.permissions`."""
    permissions.check(action, actor(by), request_view(request))


def move(
    request: Request,
    action: Action,
    *,
    by: Any | None,
    data: dict[str, Any] | None = None,
    stay: bool = False,
    **fields: Any,
) -> None:
    """Move the request and write its audit row. Call inside a transaction.

    The UPDATE names the status and version believed in; when another one came first, nothing is
    written and `StaleRequest` says so. `stay` keeps the status (an approval that is not the last).
    """
    before = Status(request.status)
    after = before if stay else workflow.target(action, before)
    values = {
        "status": after,
        "version": request.version + 1,
        "updated_at": timezone.now(),
        **fields,
    }
    believed = Request.objects.filter(pk=request.pk, status=before, version=request.version)
    if believed.update(**values) != 1:
        raise moved_on(request)
    for name, value in values.items():
        setattr(request, name, value)
    note(request, action, by=by, data={"from": before, "to": after, **(data or {})})


def moved_on(request: Request) -> StaleRequest:
    """The refusal for somebody who acted on what was there a moment ago."""
    now = Request.objects.get(pk=request.pk)
    return StaleRequest(
        f"Request #{now.number} moved on while you were looking: it is {now.status} now.",
        current_digest=current_digest(now),
    )


def note(
    request: Request, action: str, *, by: Any | None, data: dict[str, Any] | None = None
) -> None:
    """Write an audit event about the request."""
    audit.record(
        actor=by.username if by is not None else audit.SYSTEM,
        action=f"request.{action}",
        object_type="request",
        object_id=str(request.pk),
        tenant=request.tenant_slug,
        data={"number": request.number, "revision": request.revision_number, **(data or {})},
    )


def current_revision(request: Request) -> Revision | None:
    """The revision being decided or carried out; none for a draft that was never submitted."""
    if request.revision_number == 0:
        return None
    return request.revisions.get(number=request.revision_number)


def current_digest(request: Request) -> str:
    revision = current_revision(request)
    return revision.digest if revision else ""


def void_decisions(request: Request) -> None:
    """Earlier decisions no longer count; the rows stay as what happened."""
    Decision.objects.filter(revision__request=request, void=False).update(void=True)


def take_turn() -> None:
    """The first thing of every transaction that moves something: wait for whoever moves now.

    Each ends under the audit chain's lock. Taken last, somebody who holds it could wait for a row
    of somebody who waits for it; taken first by all, nobody can.
    """
    AuditHead.objects.get_or_create(pk=1)
    AuditHead.objects.select_for_update().get(pk=1)


def fresh(request: Request) -> Request:
    """The request as the database has it now, locked until the transaction ends."""
    take_turn()
    return Request.objects.select_for_update().get(pk=request.pk)
