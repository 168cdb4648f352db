"""The event log and its webhooks, signed as other forges sign theirs.

The log is written in the same commit as what it tells (see `meta`). Delivery is at least once and
in order: read `pending_events`, send each, then move the cursor with `mark_delivered`. A repeated
delivery carries the same delivery id.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops.forges.base import BadSignature, Invalid, RepositoryPath, WebhookEvent
from gitops.forges.local.bare import ZERO, Bare, Move
from gitops.forges.local.documents import STATE, Event, event_path
from gitops.forges.local.meta import read
from gitops.forges.local.repository import RepositoryFacts

EVENT_HEADER = "X-Gatehouse-Event"
DELIVERY_HEADER = "X-Gatehouse-Delivery"
SIGNATURE_HEADER = "X-Gatehouse-Signature-256"
PULL_REQUEST = "pull_request"
CURSOR = "refs/gatehouse/delivered"  # a blob with the sequence number of the last delivered event


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One webhook to send: POST `body` with `headers`."""

    sequence: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def pending_events(bare: Bare, after: int | None = None, *, limit: int = 100) -> tuple[Event, ...]:
    """The oldest `limit` events after sequence number `after` (default: the deliver cursor)."""
    first = (delivered(bare) if after is None else after) + 1
    [state] = read(bare, [STATE])
    end = min((state or {"next_event": 1})["next_event"], first + limit)
    found = read(bare, map(event_path, range(first, end)))
    return tuple(Event.from_json(document) for document in found if document)


def delivered(bare: Bare) -> int:
    """The deliver cursor: the last event that was delivered; 0 before the first."""
    [found] = bare.objects([CURSOR])
    return int(found[1]) if found else 0


def mark_delivered(bare: Bare, sequence: int) -> None:
    """Move the deliver cursor forward; it never moves back."""
    with bare.lock() as held:
        [found] = held.objects([CURSOR])
        if found and int(found[1]) >= sequence:
            return
        blob = held.git("hash-object", "-w", "--stdin", stdin=str(sequence).encode()).text
        held.move_refs(Move(ref=CURSOR, new=blob, old=found[0] if found else ZERO))


def delivery(repository: RepositoryFacts, event: Event, secret: bytes) -> Delivery:
    """The signed webhook for one event; always the same for the same event. Needs a secret."""
    if not secret:
        raise ValueError("A webhook is never sent without a secret.")
    delivery_id = str(uuid.uuid5(uuid.UUID(repository.id), str(event.sequence)))
    payload = {
        "event": PULL_REQUEST,
        "delivery": delivery_id,
        "action": event.action,
        "repository": str(repository.path),
        "pull_request": event.pull_request,
        "state": event.state,
        "head_commit": event.head_commit,
        "by": event.by,
        "at": event.at,
    }
    body = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        EVENT_HEADER: PULL_REQUEST,
        DELIVERY_HEADER: delivery_id,
        SIGNATURE_HEADER: sign(body, secret),
    }
    return Delivery(sequence=event.sequence, headers=headers, body=body)


def sign(body: bytes, secret: bytes) -> str:
    """`sha256=` and the HMAC-SHA256 of the body in lower-case hex."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> WebhookEvent:
    """The reverse of `delivery`; see `Forge.verify_webhook`. Nothing is parsed before the check.

    The headers are not signed, so event and delivery id are taken from the body, and the headers
    must say the same.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signature = given.get(SIGNATURE_HEADER.lower(), "").encode("utf-8", "surrogateescape")
    usable = [secret for secret in secrets if secret]
    # All are tried, so that the time taken does not tell which secret is the current one.
    matches = [hmac.compare_digest(sign(body, secret).encode(), signature) for secret in usable]
    if not any(matches):
        raise BadSignature("The webhook's signature is missing or wrong.")
    event = _read(body)
    if (given.get(EVENT_HEADER.lower()), given.get(DELIVERY_HEADER.lower())) != (
        event.event,
        event.delivery_id,
    ):
        raise BadSignature("The webhook's headers do not belong to its body.")
    return event


def _read(body: bytes) -> WebhookEvent:
    try:
        payload: dict[str, Any] = json.loads(body)
        return WebhookEvent(
            delivery_id=str(payload["delivery"]),
            event=str(payload["event"]),
            repository=RepositoryPath.parse(payload["repository"]),
            pull_request=int(payload["pull_request"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("The webhook's body cannot be read.") from error
