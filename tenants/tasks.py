"""Celery's part of the domain: what time does to requests."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from tenants import services
from tenants.errors import DomainError
from tenants.models import Request
from tenants.workflow import Status

EXPIRES_AFTER = {
    Status.DRAFT: timedelta(days=90),
    Status.RETURNED: timedelta(days=60),
    Status.SUBMITTED: timedelta(days=60),
}
"""How long a request may lie untouched before it ends by itself and lets its names go."""


@shared_task(name="tenants.tasks.expire", ignore_result=True)
def expire(**_: Any) -> int:
    """End requests nobody has touched for too long. Answers how many."""
    now, ended = timezone.now(), 0
    for status, patience in EXPIRES_AFTER.items():
        for request in Request.objects.filter(status=status, updated_at__lt=now - patience)[:100]:
            try:
                services.expire(request)
                ended += 1
            except DomainError:
                continue  # somebody touched it meanwhile
    return ended
