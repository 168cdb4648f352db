"""The fleet for tests that walk requests through their life."""

from pathlib import Path

import pytest
from django.conf import settings

from tests import world as worlds


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    monkeypatch.setattr(settings, "GATEHOUSE_DATA", tmp_path)
    return worlds.build()
