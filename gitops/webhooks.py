"""Incoming webhooks of forges and clusters: verify the raw bytes, store, acknowledge, look sooner.

1. The connection or cluster in the address decides which forge's scheme is checked, never a header.
2. The body is capped before it is read, and parsed only after its signature held.
3. A delivery id seen before is acknowledged and changes nothing.
4. What the webhook says is not believed: the change set's next look is merely brought forward.
"""

import hashlib
import logging

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gitops import events, secret_files
from gitops.errors import DeliveryError
from gitops.forges.base import BadSignature, WebhookEvent
from gitops.forges.registry import forge_class
from gitops.models import (
    ChangeSet,
    Condition,
    Connection,
    Report,
    Repository,
    WebhookDelivery,
)
from gitops.states import TERMINAL

log = logging.getLogger(__name__)

LARGEST_BODY = 1_048_576


@csrf_exempt
@require_POST
def forge_webhook(request: HttpRequest, connection: str) -> HttpResponse:
    """`POST /hooks/forge/<connection>/`: 202 stored, 200 seen before, 400, 401, 404, 413."""
    row = get_object_or_404(Connection, slug=connection)
    body = _body(request)
    if body is None:
        return _refused(413, "The body is larger than 1 MiB.")
    try:
        event = forge_class(row.forge).verify_webhook(
            dict(request.headers), body, _secrets(row.webhook_secret_name)
        )
    except BadSignature:
        return _refused(401, "The signature does not fit.")
    except DeliveryError as error:
        return _refused(400, str(error))
    fresh = _store(row, event, body)
    if fresh:
        hasten(row, event)
    return JsonResponse({"stored": fresh}, status=202 if fresh else 200)


@csrf_exempt
@require_POST
def flux_webhook(request: HttpRequest, cluster: str) -> HttpResponse:
    """`POST /hooks/flux/<cluster>/`: 202 kept, 200 not about a tenant, 400, 401, 413.

    A cluster nobody made a secret for looks like one whose signature is wrong.
    """
    body = _body(request)
    if body is None:
        return _refused(413, "The body is larger than 1 MiB.")
    try:
        events.verify(
            request.headers.get(events.SIGNATURE_HEADER, ""), body, _secrets(f"flux-{cluster}")
        )
        report = events.read(body)
    except events.Unbelievable as error:
        return _refused(401, str(error))
    except ValueError as error:
        return _refused(400, str(error))
    if report is None:
        return JsonResponse({"stored": False})
    _keep(cluster, report)
    return JsonResponse({"stored": True}, status=202)


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, or `None` when it is too large; never more than the cap is read."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdecimal() or int(declared) > LARGEST_BODY:
        return None
    body = request.read(LARGEST_BODY + 1)
    return body if len(body) <= LARGEST_BODY else None


def _refused(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


def _keep(cluster: str, report: events.FluxReport) -> None:
    """Keep the newest report, and let the worker hold it against what was merged."""
    facts = {
        "commit": report.commit,
        "ready": report.ready,
        "reason": report.reason,
        "message": report.message,
        "at": report.at,
    }
    with transaction.atomic():
        key = {"cluster": cluster, "tenant": report.tenant}
        row, made = Report.objects.get_or_create(**key, defaults=facts)
        if not made and row.at <= report.at:
            Report.objects.filter(pk=row.pk, at__lte=report.at).update(**facts)
    waiting = ChangeSet.objects.filter(conditions__source=cluster).exclude(
        conditions__status=Condition.Status.TRUE
    )
    Repository.objects.filter(change_sets__in=waiting).update(next_look_at=timezone.now())


def _secrets(name: str) -> list[bytes]:
    """Every active secret of this name: two while one is being replaced."""
    found = []
    for candidate in (name, f"{name}.next") if name else ():
        try:
            found.append(secret_files.read(candidate))
        except FileNotFoundError:
            continue
    return found


def _store(connection: Connection, event: WebhookEvent, body: bytes) -> bool:
    try:
        with transaction.atomic():
            WebhookDelivery.objects.create(
                connection=connection,
                delivery_id=event.delivery_id[:200],
                event=event.event[:100],
                body_sha256=hashlib.sha256(body).hexdigest(),
                received_at=timezone.now(),
                repository=str(event.repository or "")[:201],
                pull_request=event.pull_request,
            )
    except IntegrityError:
        return False
    return True


def hasten(connection: Connection, event: WebhookEvent) -> None:
    """Bring forward the next look at what the event names."""
    if event.repository is None:
        return
    now = timezone.now()
    repositories = Repository.objects.filter(
        connection=connection, owner=event.repository.owner, name=event.repository.name
    )
    repositories.update(next_look_at=now)
    if event.pull_request is not None:
        ChangeSet.objects.filter(
            repository__in=repositories, pull_request_number=event.pull_request
        ).exclude(state__in=[s.value for s in TERMINAL]).update(next_run_at=now)
