"""The fleet, with a forge between it and delivery that fails when it is told to."""

from pathlib import Path

import pytest
from django.conf import settings

pytest.register_assert_rewrite("tests.gitops.delivery.checks")

from tests import world as worlds  # noqa: E402 - after the line above
from tests.gitops.delivery.faults import Script, install  # noqa: E402


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    monkeypatch.setattr(settings, "GATEHOUSE_DATA", tmp_path)
    return worlds.build()


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Script:
    return install(Script(), monkeypatch)
