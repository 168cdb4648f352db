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
    try:
        with transaction.atomic():
            row = Freeze.objects.create(reason=reason.strip()[:300], by=by, at=timezone.now())
            _note(by, "freeze", row.reason)
            refresh_frozen()
    except IntegrityError:
        return None
    return row


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
