"""The clock: rings the sweep each second.

With Redis it is a program of its own, `python -m portal.up.clock`: Celery's beat, and the one
consumer of the sweep's queue, so that the sweep never waits behind deliveries. In embedded mode it
is a thread of the worker that runs what belongs to that queue itself. Any number of clocks is
safe: the sweep claims rows.
"""

from portal.up.parent import follow

if __name__ == "__main__":
    follow()

import logging
from threading import Thread
from typing import Any, cast

from celery import signals
from celery.beat import EmbeddedService, ScheduleEntry, Scheduler
from django.db import close_old_connections

from portal.up.program import consume, prepare

_log = logging.getLogger(__name__)


class MemoryScheduler(Scheduler):
    """Beat without a file: the schedule is code, and after a restart everything is due anew."""


class InlineScheduler(MemoryScheduler):
    """Runs what belongs to the sweep's queue here and now; sends the rest to the worker."""

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        from portal.celery import SWEEP

        if (entry.options or {}).get("queue") != SWEEP:
            return super().apply_async(entry, *args, **kwargs)
        close_old_connections()
        try:
            self.app.tasks[str(entry.task)](*(entry.args or ()), **(entry.kwargs or {}))
        except Exception:  # whatever it was, the next tick comes
            _log.exception("clock: %s failed", entry.task)
        finally:
            close_old_connections()
        return None


def start_inline(**_: Any) -> None:
    """Start the clock as a thread of this (embedded) worker."""
    _start(InlineScheduler)


def _start_sending(**_: Any) -> None:
    _start(MemoryScheduler)


def _start(scheduler: type[Scheduler]) -> None:
    from portal.celery import app

    service = EmbeddedService(app, thread=True, max_interval=1, scheduler_cls=scheduler)
    cast(Thread, service).start()


def main() -> None:
    """Ring and sweep until told to stop. Needs a broker that processes share."""
    settings = prepare("clock")
    from portal.celery import SWEEP

    if settings.EMBEDDED:
        raise SystemExit(
            "With CELERY_BROKER_URL=memory:// the clock is inside the worker;"
            " a clock of its own needs redis://."
        )
    signals.worker_ready.connect(_start_sending, weak=False)
    consume("clock", queue=SWEEP, pool="threads", size=1)


if __name__ == "__main__":
    main()
