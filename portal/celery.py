"""The Celery application: limits, queues and schedule.

Rows are the queue of record. A message only rings, so losing one, or having it twice, costs
nothing; that is also why there is no result backend, no ETA and no retry by Celery.
"""

import os
from typing import Any

import structlog
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

SWEEP = "sweep"
DELIVER = "deliver"

LIMITS: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_soft_time_limit": 75,
    "task_time_limit": 90,
    "task_publish_retry": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 200,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_soft_shutdown_timeout": 20,
    "worker_timer_precision": 0.2,  # a stopping worker waits for its timer's nap to end
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "enable_utc": True,
    "timezone": "UTC",
}


def _entry(task: str, seconds: float, queue: str) -> dict[str, Any]:
    # A tick that could not run in time is not worth running: the next one looks at the same rows.
    options = {"queue": queue, "expires": max(5.0, seconds)}
    return {"task": task, "schedule": seconds, "options": options}


SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": _entry("gitops.tasks.sweep", 1.0, SWEEP),
    "expire": _entry("tenants.tasks.expire", 60.0, DELIVER),
    "housekeeping": _entry("gitops.tasks.housekeeping", 3600.0, DELIVER),
    "local-webhooks": _entry("portal.tasks.send_local_webhooks", 1.0, DELIVER),
    "heartbeat": _entry("gitops.tasks.heartbeat", 5.0, DELIVER),
}

app = Celery("gatehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    **LIMITS,
    task_default_queue=DELIVER,
    task_routes={"gitops.tasks.sweep": {"queue": SWEEP}},
    beat_schedule=SCHEDULE,
)
app.autodiscover_tasks(["gitops", "tenants", "portal"])


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Connected, so that Celery leaves the handlers of `portal.log` alone."""


@signals.task_prerun.connect
def _name_the_task(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def _forget_the_task(**_: Any) -> None:
    structlog.contextvars.unbind_contextvars("task", "task_id")
