"""Celery's part of delivery. Messages only ring; every body is one call that reads rows again."""

import uuid
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from gitops import delivery
from gitops.models import Heartbeat


@shared_task(name="gitops.tasks.sweep", ignore_result=True)
def sweep(**_: Any) -> int:
    """Ring for every repository that has something due. Any number may run at once."""
    beat("clock")
    return delivery.sweep(lambda pk: deliver_repository.apply_async((str(pk),), expires=30))


@shared_task(name="gitops.tasks.deliver_repository", ignore_result=True)
def deliver_repository(repository_id: str, **_: Any) -> str:
    """Advance one repository's due change sets. A ring for an unknown or idle one is harmless."""
    beat("worker")
    return delivery.deliver(uuid.UUID(repository_id))


@shared_task(name="gitops.tasks.heartbeat", ignore_result=True)
def heartbeat(**_: Any) -> None:
    """Prove the way clock, queue, worker, database."""
    beat("worker")


@shared_task(name="gitops.tasks.housekeeping", ignore_result=True)
def housekeeping(**_: Any) -> None:
    """Pack mirrors and drop the ones no repository has any more."""
    delivery.housekeeping(Path(settings.GATEHOUSE_DATA) / "mirrors")


def beat(name: str) -> None:
    """Write the heartbeat of a part of the process tree."""
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
