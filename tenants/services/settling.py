"""Keeping the derived columns true: the phase for lists, whether a request is over, its names."""

from typing import Any

from django.utils import timezone

from tenants.models import Claim, Request
from tenants.phases import phase, settled
from tenants.queries import phase_facts


def refresh_phase(request: Request) -> None:
    """Derive `phase_key` and `settled_at` again, and let go of the names of what is over.

    Call in the transaction of whatever changed. Safe to call at any time.
    """
    facts = phase_facts(request)
    over = settled(facts)
    values = {
        "phase_key": phase(facts).key,
        "settled_at": (request.settled_at or timezone.now()) if over else None,
    }
    Request.objects.filter(pk=request.pk).update(**values)
    for name, value in values.items():
        setattr(request, name, value)
    if over:
        # What was merged is in the inventory by now, and taken for that reason.
        Claim.objects.filter(request=request, released_at=None).update(released_at=timezone.now())
        _refresh_others(phase_key="blocked", tenant_slug=request.tenant_slug)


def refresh_frozen() -> None:
    """Derive the phases again that depend on the freeze switch."""
    _refresh_others(phase_key__in=["opening", "frozen"])


def _refresh_others(**which: Any) -> None:
    for other in Request.objects.filter(settled_at=None, **which):
        refresh_phase(other)
