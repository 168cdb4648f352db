"""Incoming forge webhooks: verify the raw bytes, store once, acknowledge, look sooner.

1. The connection in the address decides which forge's scheme is checked, never a header.
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

from gitops import secret_files
from gitops.errors import DeliveryError
from gitops.forges.base import BadSignature, WebhookEvent
from gitops.forges.registry import forge_class
from gitops.models import ChangeSet, Connection, Repository, WebhookDelivery
from gitops.states import TERMINAL

log = logging.getLogger(__name__)

LARGEST_BODY = 1_048_576


@csrf_exempt
@require_POST
def forge_webhook(request: HttpRequest, connection: str) -> HttpResponse:
    """`POST /hooks/forge/<connection>/`: 202 stored, 200 seen before, 401, 404, 413."""
    row = get_object_or_404(Connection, slug=connection)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return JsonResponse({"detail": "The body is larger than 1 MiB."}, status=413)
    body = request.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        return JsonResponse({"detail": "The body is larger than 1 MiB."}, status=413)
    try:
        event = forge_class(row.forge).verify_webhook(dict(request.headers), body, _secrets(row))
    except BadSignature:
        return JsonResponse({"detail": "The signature does not fit."}, status=401)
    except DeliveryError as error:
        return JsonResponse({"detail": str(error)}, status=400)
    fresh = _store(row, event, body)
    if fresh:
        hasten(row, event)
    return JsonResponse({"stored": fresh}, status=202 if fresh else 200)


def _secrets(connection: Connection) -> list[bytes]:
    """Every active secret: two while one is being replaced."""
    name = connection.webhook_secret_name
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
