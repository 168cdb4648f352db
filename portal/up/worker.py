"""The worker: `python -m portal.up.worker`. Delivers; in embedded mode the clock is in here too."""

from portal.up.parent import follow

if __name__ == "__main__":
    follow()

from celery import signals

from portal.up.program import consume, prepare

THREADS = 4
"""Deliveries at once in embedded mode. They wait for git and forges, not for the processor."""
PROCESSES = 2


def main() -> None:
    """Work until told to stop."""
    settings = prepare("worker")
    from portal.celery import DELIVER
    from portal.up.clock import start_inline

    if settings.EMBEDDED:
        signals.worker_ready.connect(start_inline, weak=False)
        consume("worker", queue=DELIVER, pool="threads", size=THREADS)
    consume("worker", queue=DELIVER, pool="prefork", size=PROCESSES)


if __name__ == "__main__":
    main()
