"""The schedule names tasks that exist, on queues that somebody consumes."""

import pytest
from celery.beat import ScheduleEntry
from celery.schedules import schedule

from portal.celery import DELIVER, SCHEDULE, SWEEP, app
from portal.up.clock import InlineScheduler


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)


def test_the_sweep_has_a_queue_of_its_own() -> None:
    assert SCHEDULE["sweep"]["options"]["queue"] == SWEEP
    routed = app.amqp.router.route({}, "gitops.tasks.deliver_repository")
    assert routed["queue"].name == DELIVER
    assert app.amqp.router.route({}, "gitops.tasks.sweep")["queue"].name == SWEEP


def test_limits_are_shorter_than_redelivery() -> None:
    from portal import settings

    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert app.conf.task_time_limit < settings._FROM_REDIS["visibility_timeout"]
    assert app.conf.accept_content == ["json"]


@pytest.fixture
def scheduler() -> InlineScheduler:
    return InlineScheduler(app, lazy=True)


def entry(task: str, queue: str) -> ScheduleEntry:
    each_second = schedule(run_every=1.0)
    return ScheduleEntry(
        name=task, task=task, schedule=each_second, options={"queue": queue}, app=app
    )


@pytest.mark.django_db
def test_inline_the_sweep_runs_in_the_clocks_own_thread(
    scheduler: InlineScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setitem(app.tasks, "tests.tick", lambda: ran.append("tick"))
    scheduler.apply_async(entry("tests.tick", SWEEP))
    assert ran == ["tick"]


@pytest.mark.django_db
def test_a_failing_sweep_does_not_stop_the_clock(
    scheduler: InlineScheduler,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setitem(app.tasks, "tests.tick", fail)
    scheduler.apply_async(entry("tests.tick", SWEEP))
    assert "tests.tick failed" in caplog.text
    assert "the disk is full" in caplog.text
