"""API tokens: made, shown once, recognised. Only a keyed hash of the secret is stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gitops import secret_files
from tenants import audit
from tenants.models import ApiToken

PEPPER = "token-pepper"
LONGEST_DAYS = 365
_FORM = re.compile(r"gh_([a-z0-9]{12})\.([A-Za-z0-9_-]{43})")
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token may do. It never exceeds its owner."""

    READ = "read"
    REQUESTS_WRITE = "requests:write"
    REQUESTS_DECIDE = "requests:decide"
    ADMIN = "admin"


def create(*, owner: Any, name: str, scopes: Sequence[str], days: int = 90) -> tuple[ApiToken, str]:
    """A new token, and its text: the only time it is known.

    Raises `ValueError` naming what is wrong: no name, an unknown scope, a life of no or too many
    days.
    """
    if not name.strip() or len(name) > 100:
        raise ValueError("A token needs a name of at most 100 characters.")
    known = [s.value for s in Scope]
    unknown = [s for s in scopes if s not in known]
    if unknown or not scopes:
        raise ValueError(f"Choose scopes from: {', '.join(known)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"A token lives from 1 to {LONGEST_DAYS} days.")
    token_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            id=token_id,
            digest=_digest(secret),
            name=name.strip(),
            owner=owner,
            scopes=sorted(set(scopes)),
            expires_at=timezone.now() + timedelta(days=days),
        )
        audit.record(
            actor=owner.username,
            action="token.create",
            object_type="token",
            object_id=token_id,
            data={"name": row.name, "scopes": row.scopes, "days": days},
        )
    return row, f"gh_{token_id}.{secret}"


def find(text: str) -> ApiToken | None:
    """The live token this text is, with its use noted; `None` for anything else.

    Unknown, expired, revoked and those of a disabled account look the same.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("owner")
        .filter(pk=match[1], revoked_at=None, expires_at__gt=now, owner__is_active=True)
        .first()
    )
    # Compared even when there is no row, so that time does not tell which ids exist.
    expected = row.digest if row else "0" * 64
    if not hmac.compare_digest(_digest(match[2]), expected) or row is None:
        return None
    ApiToken.objects.filter(pk=row.pk).filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EVERY)
    ).update(last_used_at=now)
    return row


def authenticate(text: str, *, scope: Scope = Scope.READ) -> Any | None:
    """The user whose live token this is, if it has the scope, or `None`."""
    row = find(text)
    return row.owner if row and scope in row.scopes else None


def revoke(token: ApiToken, *, by: Any) -> None:
    """End a token's life now. Twice is once."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record(
                actor=by.username,
                action="token.revoke",
                object_type="token",
                object_id=token.pk,
                data={"name": token.name},
            )


def _digest(secret: str) -> str:
    pepper = secret_files.ensure(PEPPER)
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()
