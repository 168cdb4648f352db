"""Whatever goes wrong below /api/ is a problem document, with a page that says what to do."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import path
from rest_framework import exceptions
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from tenants.api import kinds
from tenants.api.views import ApiView
from tests.tenants.api.conftest import Call, Token
from tests.world import World

PROBLEM = "application/problem+json"


def _check(answer: Any, status: int, slug: str) -> Any:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == PROBLEM
    found = answer.json()
    assert found["type"].endswith(f"/api/problems/{slug}/")
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer.headers["X-Request-ID"]
    return found


@pytest.mark.parametrize(
    "address",
    [
        *("/api/", "/api/v1/", "/api/v1/nothing/", "/api/v2/me/", "/api/v1/me/x/", "/api/v1//me/"),
        *("/api/v1/requests/0/", "/api/v1/requests/-1/", "/api/v1/requests/1.5/"),
        *("/api/v1/requests/99999999999999999999/", "/api/v1/requests/x/", "/api/v1/requests/%00/"),
        *("/api/v1/requests/%D9%A3/", "/api/v1/requests/1/nothing/", "/api/v1/requests/01/"),
        *(
            "/api/v1/requests/00000000-0000-0000-0000-000000000000/",
            "/api/v1/requests/%F0%9F%92%A9",
        ),
        *("/api/v1/requests/{00000000000000000000000000000000}/", "/api/v1/requests/1/events/2/"),
        *("/api/problems/nothing/", "/api/problems/", "/api/%ff%fe", "/api/v1/\n"),
    ],
)
def test_unknown_addresses(alice: User, call: Call, address: str) -> None:
    found = _check(call(address, alice), 404, "not-found")
    assert "errors" not in found


def test_unknown_addresses_for_anybody_and_any_method(call: Call, db: None) -> None:
    for method in ("get", "post", "put", "delete", "patch", "options"):
        _check(call("/api/v1/nothing/", None, method), 404, "not-found")
    _check(call("/api/v1/nothing/", "not a token"), 404, "not-found")


def test_addresses_work_without_the_last_slash_too(world: World, call: Call) -> None:
    world.add_namespace()
    for route in ("me", "requests", "requests/1", "requests/1/events"):
        assert call(route, world.alice).json() == call(f"{route}/", world.alice).json()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods(alice: User, call: Call, token: Token, method: str) -> None:
    text = token(alice, "read", "requests:write")
    for route in ("me/", "requests/", "requests/1/", "requests/1/events/"):
        answer = call(route, text, method)
        _check(answer, 405, "method-not-allowed")
        assert answer.headers["Allow"] == "GET, HEAD"
        _check(call(route, None, method), 401, "not-signed-in")


def test_head_is_get_without_the_body(world: World, call: Call) -> None:
    world.add_namespace()
    answer = call("requests/1/", world.alice, "head")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == call("requests/1/", world.alice).headers["ETag"]


def test_other_formats(alice: User, call: Call) -> None:
    for accept in ("text/html", "application/xml", "image/*", "nonsense", "text/json"):
        _check(call("me/", alice, Accept=accept), 406, "not-acceptable")


def test_json_is_what_there_is(alice: User, call: Call) -> None:
    for accept in ("*/*", "application/*", "application/json", "text/html, */*;q=0.1"):
        answer = call("me/", alice, Accept=accept)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_nothing_is_shared(world: World, call: Call) -> None:
    world.add_namespace()
    for answer in (
        call("me/", world.alice),
        call("requests/", world.alice),
        call("requests/1/", world.alice),
        call("requests/99/", world.alice),
        call("requests/"),
        call("nothing/"),
    ):
        cache = {word.strip() for word in answer.headers["Cache-Control"].split(",")}
        assert cache == {"private", "no-cache"}
        vary = {word.strip() for word in answer.headers["Vary"].split(",")}
        assert vary >= {"Accept", "Authorization", "Cookie"}


def test_the_callers_request_id_comes_back(alice: User, call: Call) -> None:
    found = _check(call("requests/7/", alice, X_Request_ID="ticket-4711"), 404, "not-found")
    assert found["request_id"] == "ticket-4711"
    assert found["instance"] == "/api/v1/requests/7/"


def test_each_type_has_a_page(call: Call, db: None) -> None:
    for slug, kind in kinds.KINDS.items():
        answer = call(f"/api/problems/{slug}/", None, Accept="text/html")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = answer.content.decode()
        assert kind.title in text
        assert str(kind.status) in text
        assert kind.todo in text


class Trouble(ApiView):
    """A view that goes wrong as the test wishes."""

    permission_classes = ()
    error: Exception

    def get(self, request: ApiRequest) -> Response:
        raise self.error

    def post(self, request: ApiRequest) -> Response:
        return Response({"read": request.data})


def _urls(*errors: Exception) -> Any:
    """A URL configuration with one address per error, beside the real ones."""
    from portal import urls

    class Configuration:
        urlpatterns = [
            *(path(f"trouble/{n}/", Trouble.as_view(error=e)) for n, e in enumerate(errors)),
            *urls.urlpatterns,
        ]

    return Configuration


Trouble.error = Exception()


def test_our_mistakes_are_500_with_nothing_but_the_id(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = _urls(RuntimeError("secret inside"), KeyError("secret"))
    client = Client(raise_request_exception=False)
    for number in (0, 1):
        answer = client.get(f"/trouble/{number}/")
        _check(answer, 500, "internal")
        assert b"secret" not in answer.content
    assert "secret inside" in caplog.text
    with pytest.raises(RuntimeError):
        Client().get("/trouble/0/")  # tests see the exception, as with any other view


def test_a_database_that_does_not_answer_is_503(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = _urls(OperationalError("host=10.0.0.1 password=x"))
    answer = Client(raise_request_exception=False).get("/trouble/0/")
    _check(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert b"10.0.0.1" not in answer.content


def test_a_body_that_is_not_json_is_415_and_one_that_is_broken_400(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = _urls(Exception())
    client = Client()
    answer = client.post("/trouble/0/", "a=1", content_type="application/x-www-form-urlencoded")
    _check(answer, 415, "unsupported-media-type")
    for broken in ("{", "nul", '{"a": NaN}', b"\xff\xfe"):
        answer = client.post("/trouble/0/", broken, content_type="application/json")
        _check(answer, 400, "malformed")
    answer = client.post("/trouble/0/", '{"a": 1}', content_type="application/json")
    assert answer.json() == {"read": {"a": 1}}


def test_too_many_says_when_to_come_back(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = _urls(exceptions.Throttled(wait=7))
    answer = Client().get("/trouble/0/")
    _check(answer, 429, "too-many-requests")
    assert answer.headers["Retry-After"] == "7"


def test_the_pages_keep_their_own_404(alice: User, call: Call) -> None:
    answer = call("/nothing/", alice)
    assert answer.status_code == 404
    assert re.match(r"text/html", answer.headers["Content-Type"])
