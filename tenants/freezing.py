"""The freeze switch: while it is on, nothing is written to any forge. Reading goes on."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from gitops.models import Freeze
from tenants import audit
from tenants.services.settling import refresh_frozen


def freeze(*, by: str, reason: str) -> Freeze | None:
    """Turn the switch on; answers `None` when it is on already. Raises `ValueError`: no reason."""
    if not reason.strip():
        raise ValueError("A freeze needs a reason: people will ask.")
    with transaction.atomic():
        row = _first(reason.strip()[:300], by)
        if row is not None:
            _note(by, "freeze", row.reason)
            refresh_frozen()
    return row


def _first(reason: str, by: str) -> Freeze | None:
    try:
        with transaction.atomic():
            return Freeze.objects.create(reason=reason, by=by, at=timezone.now())
    except IntegrityError:  # the one constraint that a non-empty reason can break: one at a time
        return None


def unfreeze(*, by: str) -> bool:
    """Turn the switch off. Answers whether it was on."""
    with transaction.atomic():
        on = Freeze.objects.filter(lifted_at=None)
        if on.update(lifted_at=timezone.now(), lifted_by=by) != 1:
            return False
        _note(by, "unfreeze", "")
        refresh_frozen()
    return True


def _note(by: str, action: str, reason: str) -> None:
    audit.record(
        actor=by, action=action, object_type="portal", object_id="freeze", data={"reason": reason}
    )
