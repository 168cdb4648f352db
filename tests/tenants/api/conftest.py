"""The fleet, and scripts that call the API: with a session, with a token, or as nobody."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from gitops.models import ChangeSet
from tenants import services, tokens
from tenants.models import Decision, Request
from tests import world as worlds
from tests.world import World, pull_of

ROOT = "/api/v1/"


class Answer(Protocol):
    """What the test client gives back, as far as the tests here look."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any: ...


Call = Callable[..., Answer]
Token = Callable[..., str]


@pytest.fixture
def world(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(settings, "GATEHOUSE_DATA", tmp_path)
    return worlds.build()


@pytest.fixture
def alice(db: None) -> User:
    """Somebody, for tests that need no fleet."""
    return User.objects.create_user("alice")


@pytest.fixture
def token() -> Token:
    """`token(alice, "read")` is the text of a new token."""

    def make(owner: User, *scopes: str) -> str:
        return tokens.create(owner=owner, name="ci", scopes=scopes or ("read",))[1]

    return make


@pytest.fixture
def call() -> Call:
    """`call("requests/", alice)` by session, `call("requests/", "gh_…")` by token, or as nobody."""

    browsers: dict[int, Client] = {}

    def get(
        path: str, who: User | str | None = None, method: str = "get", **headers: str
    ) -> Answer:
        client = browsers.setdefault(who.pk, Client()) if isinstance(who, User) else Client()
        if isinstance(who, User) and not client.cookies:
            client.force_login(who)
        elif isinstance(who, str):
            headers["Authorization"] = f"Bearer {who}"
        address = path if path.startswith("/") else f"{ROOT}{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: Answer = getattr(client, method)(address, headers=given)
        return answer

    return get


def one_of_each(world: World) -> dict[str, Request]:
    """A request in each situation a script can meet."""
    found = {
        "draft": world.add_namespace("iris-blue-draft"),
        "submitted": world.submitted("iris-blue-waiting"),
        "production": world.submitted("iris-blue-prod", clusters=["production-1"]),
        "voided": world.submitted("iris-blue-void", clusters=["production-1"]),
        "returned": world.submitted("iris-blue-returned"),
        "rejected": world.submitted("iris-blue-rejected"),
        "withdrawn": world.approved("iris-blue-withdrawn"),
        "onboarding": services.submit(world.onboard(), by=world.alice),
        "red": world.submitted("iris-red-own", by=world.charlie, tenant="iris-red"),
    }
    for name in ("production", "voided"):
        services.approve(found[name], by=world.bob, digest=_digest(found[name]))
    Decision.objects.filter(revision__request=found["voided"]).update(void=True)
    services.refresh(found["submitted"], by=world.carol)
    services.return_(found["returned"], by=world.bob, comment="Say why.")
    services.reject(found["rejected"], by=world.carol, comment="No.")
    found["merged"] = world.approved("iris-blue-merged")
    found["open"] = world.approved("iris-blue-open")
    world.deliver()
    services.withdraw(found["withdrawn"], by=world.alice)
    world.merge(pull_of(world, found["merged"]).number)
    world.hurry()
    found["closing"] = world.approved("iris-blue-closing")
    world.deliver()
    services.withdraw(found["closing"], by=world.alice)
    _leave_behind(found["closing"], found["rejected"])
    found["pending"] = world.approved("iris-blue-pending")
    return {name: Request.objects.get(pk=request.pk) for name, request in found.items()}


def _leave_behind(closing: Request, ended: Request) -> None:
    """A change set of an earlier revision that is still to be closed."""
    row = ChangeSet.objects.get(request_ref=closing.pk)
    row.pk, row.branch, row.request_ref = uuid.uuid4(), f"{row.branch}-earlier", ended.pk
    row._state.adding = True
    row.save()


def _digest(request: Request) -> str:
    return request.revisions.get(number=request.revision_number).digest
