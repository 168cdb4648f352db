"""Finding what is due. The sweep only rings; rows hold the work."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gitops.delivery.claims import free_the_dead
from gitops.delivery.engine import WRITES
from gitops.delivery.rows import frozen
from gitops.models import ChangeSet, Repository

RING_AGAIN_AFTER = timedelta(seconds=5)


def due_repositories() -> QuerySet[Repository]:
    """Repositories with a change set that is due, or whose snapshot is."""
    now = timezone.now()
    rows = ChangeSet.objects.filter(repository=OuterRef("pk"), next_run_at__lte=now)
    if frozen():
        rows = rows.exclude(WRITES)
    return (
        Repository.objects.filter(Exists(rows) | Q(next_look_at__lte=now))
        .filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
        .filter(Q(connection__paused_until=None) | Q(connection__paused_until__lte=now))
        .order_by("next_look_at")
    )


def sweep(ring: Callable[[uuid.UUID], object]) -> int:
    """Ring once for each due repository; answers how many.

    A repository that was rung for within `RING_AGAIN_AFTER` is left alone, so that a slow queue
    does not fill with copies. Any number of sweeps may run at once.
    """
    free_the_dead()
    now = timezone.now()
    rung = 0
    for repository_id in due_repositories().values_list("pk", flat=True)[:500]:
        mine = Repository.objects.filter(pk=repository_id).filter(
            Q(rung_at=None) | Q(rung_at__lt=now - RING_AGAIN_AFTER)
        )
        if mine.update(rung_at=now) == 1:
            ring(repository_id)
            rung += 1
    return rung
