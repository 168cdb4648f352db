"""Doing things at the same moment, and a fleet in a database that really commits."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tenants import audit_guard
from tests import world as worlds

PATIENCE = 60.0  # seconds


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start all of them together; answers what each returned, or the exception it raised."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(position: int, call: Callable[[], Any]) -> None:
        connection.ensure_connection()
        barrier.wait(PATIENCE)
        try:
            answers[position] = call()
        except Exception as error:
            answers[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "they wait for each other"
    return answers


def won(answers: list[Any]) -> list[int]:
    """The positions of the calls that went well."""
    return [n for n, answer in enumerate(answers) if not isinstance(answer, Exception)]


def lost_with(answers: list[Any], *kinds: type[Exception]) -> None:
    """Whoever lost was told so, in words; nobody met a deadlock or a broken constraint."""
    for answer in answers:
        assert not isinstance(answer, Exception) or isinstance(answer, kinds), repr(answer)


@pytest.fixture
def committed(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[worlds.World]:
    """The fleet, seen by every connection."""
    monkeypatch.setattr(settings, "GATEHOUSE_DATA", tmp_path)
    audit_guard.install()
    yield worlds.build()
    audit_guard.remove()  # the table is emptied after the test
