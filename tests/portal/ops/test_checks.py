"""Deployments that start but get a warning, and those that do not."""

import pytest
from pytest_django import Settings

from portal import checks

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"


@pytest.mark.parametrize(
    ("embedded", "engine", "warns"),
    [(True, SQLITE, 0), (True, POSTGRESQL, 0), (False, SQLITE, 1), (False, POSTGRESQL, 0)],
)
def test_sqlite_is_for_one_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, embedded: bool, engine: str, warns: int
) -> None:
    settings.EMBEDDED = embedded
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", engine)
    assert len(checks.one_machine_database()) == warns


@pytest.mark.parametrize(
    ("address", "loopback", "warns"),
    [
        ("http://127.0.0.1:8000", True, 0),
        ("https://gatehouse.example.com", False, 0),
        ("http://gatehouse.example.com", False, 1),
    ],
)
def test_clear_text_is_for_this_machine(
    settings: Settings, address: str, loopback: bool, warns: int
) -> None:
    settings.PUBLIC_URL, settings.PUBLIC_URL_IS_LOOPBACK = address, loopback
    assert len(checks.open_address()) == warns
