"""What the programs of the tree have in common."""

import os
import sys
import warnings
from typing import Any, NoReturn

import django
from celery.exceptions import SecurityWarning

from portal import log
from portal.up.parent import follow_in_fork


def prepare(name: str) -> Any:
    """Set Django up, logging to `<data>/logs/<name>.log` as well; answers the settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    log.name_process(name)
    os.umask(0o077)  # what lies in the data folder is this account's alone
    django.setup()
    from django.conf import settings

    return settings


def consume(name: str, *, queue: str, pool: str, size: int) -> NoReturn:
    """Be a Celery worker on one queue until told to stop, then exit with its code."""
    from celery import signals

    from portal.celery import app

    # It warns root of pickled messages; we accept JSON only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    signals.worker_process_init.connect(follow_in_fork, weak=False)
    worker = app.Worker(
        hostname=f"{name}@%h",
        queues=[queue],
        pool_cls=pool,
        concurrency=size,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    sys.exit(worker.exitcode)
