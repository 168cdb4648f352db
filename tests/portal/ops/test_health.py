"""503 only for what stops the portal; the rest is named as degraded."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from gitops.models import Heartbeat
from portal import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, settings: Settings) -> None:
    settings.GATEHOUSE_DATA = tmp_path
    health._migrated.clear()


def beat(name: str, ago: timedelta = timedelta()) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now() - ago})


def test_all_is_well(client: Client, tmp_path: Path) -> None:
    beat("clock")
    beat("worker")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert set(response.json()["checks"]) == {
        "database", "migrations", "data folder", "broker", "clock", "worker",
    }  # fmt: skip
    assert "no-store" in response["Cache-Control"]
    assert not list(tmp_path.iterdir())  # its trial file is gone


@pytest.mark.parametrize("name", ["clock", "worker"])
def test_a_silent_part_is_degraded_with_200(client: Client, name: str) -> None:
    beat("clock")
    beat("worker")
    beat(name, ago=health.SILENCE + timedelta(seconds=5))
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"][name] == {
        "status": "degraded",
        "reason": "not heard of for 125 s",
    }


def test_parts_never_heard_of_are_degraded(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["worker"]["reason"] == "not heard of yet"


def test_a_data_folder_that_is_gone_is_503(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.GATEHOUSE_DATA = tmp_path / "gone"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["data folder"]["status"] == "failing"


def test_a_migration_that_is_not_applied_is_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("gitops", "9")])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["checks"]["migrations"]["reason"]


def test_a_database_that_is_away_is_503_and_tells_no_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseError("could not connect to db.internal as gatehouse")

    monkeypatch.setattr(connection, "cursor", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"]["status"] == "failing"
    assert "db.internal" not in response.text


def test_a_broker_that_is_away_is_degraded(client: Client, settings: Settings) -> None:
    settings.EMBEDDED = False
    settings.CELERY_BROKER_URL = "redis://:pa55word@127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["broker"]["status"] == "degraded"
    assert "pa55word" not in response.text


def test_healthz_looks_at_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "examine", None)
    assert client.get("/healthz").status_code == 200


def test_only_reading(client: Client) -> None:
    assert client.post("/readyz").status_code == 405
