"""Celery's part of the portal itself: the local forge's webhooks."""

from typing import Any

from celery import shared_task
from django.conf import settings

from gitops import secret_files
from gitops.models import Connection
from portal.localforge.places import the_store
from portal.localforge.webhooks import send_pending


@shared_task(name="portal.tasks.send_local_webhooks", ignore_result=True)
def send_local_webhooks(**_: Any) -> int:
    """Tell our own receiver what happened on the local forge; how many webhooks it took."""
    return sum(_send_to(row) for row in Connection.objects.filter(forge="local"))


def _send_to(connection: Connection) -> int:
    name = connection.webhook_secret_name
    try:
        secret = secret_files.read(name) if name else b""
    except FileNotFoundError:
        secret = b""
    return send_pending(
        the_store(), secret, f"{settings.PUBLIC_URL}/hooks/forge/{connection.slug}/"
    )
