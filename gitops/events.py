"""What Flux reports, as values: its signed events read, and nothing believed without a signature.

The format is that of notification-controller's `generic-hmac` provider: the header `X-Signature`
holds `sha256=` and the hexadecimal HMAC-SHA256 of the body; the body names the object, a reason
and, in `metadata`, the revision that was applied, such as `main@sha1:0123…`. PURE.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SIGNATURE_HEADER = "X-Signature"
PLATFORM_NAMESPACE = "flux-system"
_TENANT = re.compile(r"tenant-([a-z0-9]([-a-z0-9]*[a-z0-9])?)")
_COMMIT = re.compile(r"(?:[^@]*@)?(?:sha1:)?([0-9a-f]{40})")
# Sent under its own name or, by older controllers, under the API group's.
_REVISION = ("revision", "kustomize.toolkit.fluxcd.io/revision")
_NOT_AN_OUTCOME = frozenset({"Progressing", "DependencyNotReady"})


class Unbelievable(Exception):
    """No signature, a wrong one, or no secret to check with."""


@dataclass(frozen=True, kw_only=True)
class FluxReport:
    """How it went for one tenant's Kustomization at one commit of the platform repository."""

    tenant: str
    commit: str
    ready: bool
    reason: str
    message: str
    at: datetime


def verify(header: str, body: bytes, secrets: Sequence[bytes]) -> None:
    """Raises `Unbelievable` unless one of the secrets signed the body."""
    given = header.encode("utf-8", "surrogateescape")
    answers = [
        hmac.compare_digest(b"sha256=" + _sign(body, secret), given) for secret in secrets if secret
    ]
    if not any(answers):
        raise Unbelievable("The signature is missing or wrong.")


def _sign(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).hexdigest().encode()


def read(body: bytes) -> FluxReport | None:
    """The report in a verified body; `None` for events about anything else.

    Raises `ValueError` for what is no event at all.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("The body is no JSON document.") from error
    if not isinstance(event, dict) or not isinstance(event.get("involvedObject"), dict):
        raise ValueError("The body is no Flux event.")
    tenant = _tenant(event["involvedObject"])
    commit = _commit(event.get("metadata"))
    reason = str(event.get("reason") or "")[:100]
    if tenant is None or commit is None or not reason or reason in _NOT_AN_OUTCOME:
        return None
    return FluxReport(
        tenant=tenant,
        commit=commit,
        ready=event.get("severity") == "info",
        reason=reason,
        message=str(event.get("message") or "")[:1000].replace("\0", ""),
        at=_time(event.get("timestamp")),
    )


def _tenant(involved: Mapping[str, Any]) -> str | None:
    if (involved.get("kind"), involved.get("namespace")) != ("Kustomization", PLATFORM_NAMESPACE):
        return None
    found = _TENANT.fullmatch(str(involved.get("name")))
    return found[1] if found else None


def _commit(metadata: object) -> str | None:
    known = metadata if isinstance(metadata, dict) else {}
    revision = next((str(known[name]) for name in _REVISION if name in known), "")
    found = _COMMIT.fullmatch(revision)
    return found[1] if found else None


def _time(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError("The event has no time.") from error
    if found.tzinfo is None:
        raise ValueError("The event's time has no zone.")
    return found
