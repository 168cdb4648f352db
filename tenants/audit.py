"""The audit chain: each event carries the keyed hash of itself and the one before.

Keyed (HMAC-SHA256, the key in a file of its own, never `SECRET_KEY`), so that somebody who has
the database alone cannot forge a chain that verifies. The head row is locked last in a
transaction, so that nothing waits for it that holds it.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from gitops import secret_files
from tenants.models import AuditEvent, AuditHead

log = logging.getLogger(__name__)

KEY = "audit-key"
SYSTEM = "system"
ANCHOR_EVERY = 100

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
"""The `X-Request-ID` that caused what is being recorded; set by the middleware."""


def record(
    *,
    actor: str,
    action: str,
    object_type: str,
    object_id: str,
    tenant: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an event, in the transaction whose effect it tells."""
    key = secret_files.ensure(KEY)
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=1)
        head = AuditHead.objects.select_for_update().get(pk=1)
        event = AuditEvent(
            sequence=head.sequence + 1,
            at=timezone.now(),
            actor=actor,
            action=action,
            object_type=object_type,
            object_id=object_id,
            tenant=tenant,
            request_id=current_request_id.get()[:64],
            data=dict(data or {}),
            key_id=key_id(key),
        )
        event.hash = link(key, head.hash, event)
        event.save(force_insert=True)
        AuditHead.objects.filter(pk=1).update(sequence=event.sequence, hash=event.hash)
    if event.sequence % ANCHOR_EVERY == 1:
        # The log leaves the machine; a chain cut short at its end shows against it.
        log.info("audit anchor", extra={"sequence": event.sequence, "hash": event.hash})
    return event


def key_id(key: bytes) -> str:
    """Which key signed, without telling the key."""
    return hashlib.sha256(b"gatehouse audit key id" + key).hexdigest()[:16]


def link(key: bytes, previous: str, event: AuditEvent) -> str:
    """The event's hash: HMAC over the hash before and the event's canonical JSON."""
    facts = {
        "sequence": event.sequence,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "tenant": event.tenant,
        "request_id": event.request_id,
        "data": event.data,
        "key_id": event.key_id,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key, f"{previous}\n{text}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a walk over the chain found: how many events hold, and the first that does not."""

    count: int
    broken_at: int | None = None
    why: str = ""


def verify(events: Iterable[AuditEvent] | None = None) -> Proof:
    """Walk the chain from its first event to its head."""
    key = secret_files.ensure(KEY)
    previous, count = "", 0
    walk = AuditEvent.objects.order_by("sequence").iterator() if events is None else events
    for event in walk:
        if event.sequence != count + 1:
            return Proof(count=count, broken_at=count + 1, why="an event is missing")
        if event.key_id != key_id(key):
            return Proof(count=count, broken_at=event.sequence, why="signed with another key")
        if not hmac.compare_digest(event.hash, link(key, previous, event)):
            return Proof(count=count, broken_at=event.sequence, why="the event was changed")
        previous, count = event.hash, event.sequence
    head = AuditHead.objects.filter(pk=1).first()
    if head is None and count:
        return Proof(count=count, broken_at=count + 1, why="the head of the chain is missing")
    if head is not None and (head.sequence, head.hash) != (count, previous):
        return Proof(count=count, broken_at=count + 1, why="the end of the chain was cut off")
    return Proof(count=count)
