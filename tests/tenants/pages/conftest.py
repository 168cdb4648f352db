"""The fleet, and a browser without JavaScript for each person."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests import world as worlds

Browse = Callable[[User | None], Client]


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> worlds.World:
    monkeypatch.setattr(settings, "GATEHOUSE_DATA", tmp_path)
    return worlds.build()


@pytest.fixture
def browse() -> Browse:
    """`browse(alice)` is signed in as alice, `browse(None)` is nobody."""

    def signed_in(person: User | None) -> Client:
        client = Client()
        if person is not None:
            client.force_login(person)
        return client

    return signed_in
