"""Who gets what: owner, admins, a stranger, nobody; and tokens, which are less than their owner."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tenants import services, tokens
from tenants.models import ApiToken, Membership
from tests.tenants.api.conftest import Call, Token
from tests.world import World

PROBLEM = "application/problem+json"
PLACES = ("me/", "requests/", "requests/1/", "requests/1/events/")


def _numbers(answer: Any) -> set[int]:
    assert answer.status_code == 200, answer.content
    return {row["number"] for row in answer.json()["results"]}


def test_nobody_is_asked_for_a_token(world: World, call: Call) -> None:
    world.add_namespace()
    for path in PLACES:
        answer = call(path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Gatehouse"'
        assert answer.headers["Content-Type"] == PROBLEM
        assert answer.json()["type"].endswith("/api/problems/not-signed-in/")


def test_owner_admin_and_stranger_see_their_own_world(world: World, call: Call) -> None:
    blue = world.submitted().number
    red = world.submitted("iris-red-own", by=world.charlie, tenant="iris-red").number
    for person, visible in (
        (world.alice, {blue}),
        (world.charlie, {red}),
        (world.bob, {blue, red}),
        (world.carol, {blue, red}),
        (User.objects.create_user("dora"), set()),
    ):
        assert _numbers(call("requests/", person)) == visible
        for number in (blue, red):
            expected = 200 if number in visible else 404
            assert call(f"requests/{number}/", person).status_code == expected
            assert call(f"requests/{number}/events/", person).status_code == expected


def test_what_is_not_yours_looks_like_what_does_not_exist(world: World, call: Call) -> None:
    request = world.submitted()
    answers = []
    for path in (f"requests/{request.number}/", "requests/999/", f"requests/{request.pk}/"):
        answer = call(path, world.charlie)
        assert answer.status_code == 404
        answers.append(answer.json() | {"instance": "", "request_id": ""})
    assert answers[0] == answers[1] == answers[2]


def test_a_requester_who_left_still_sees_their_own(world: World, call: Call) -> None:
    request = world.submitted()
    Membership.objects.filter(user=world.alice).delete()
    found = call(f"requests/{request.number}/", world.alice).json()
    assert found["actions"] == ["withdraw", "refresh", "comment"]


def test_filters_do_not_open_what_is_closed(world: World, call: Call) -> None:
    world.submitted()
    for query in ("tenant=iris-blue", "requester=alice", "q=payments", "q=1", "status=submitted"):
        assert _numbers(call(f"requests/?{query}", world.charlie)) == set()


def test_me_by_session(world: World, call: Call) -> None:
    world.alice.first_name, world.alice.last_name = "Alice", "Aster"
    world.alice.save()
    found = call("me/", world.alice).json()
    assert found["username"] == "alice"
    assert found["display"] == "Alice Aster"
    assert found["is_platform_admin"] is False
    [membership] = found["memberships"]
    assert (membership["tenant"]["slug"], membership["role"]) == ("iris-blue", "owner")
    assert found["token"] is None
    admin = call("me/", world.bob).json()
    assert admin["is_platform_admin"] is True
    assert admin["display"] == "bob"
    assert admin["memberships"] == []


def test_me_by_token(world: World, call: Call, token: Token) -> None:
    text = token(world.alice, "read", "requests:write")
    answer = call("me/", text)
    found = answer.json()["token"]
    assert found["id"] == text[3:15]
    assert found["name"] == "ci"
    assert found["scopes"] == ["read", "requests:write"]
    assert found["expires_at"].endswith("Z")
    assert text.split(".")[1].encode() not in answer.content
    row = ApiToken.objects.get()
    assert row.last_used_at is not None
    assert row.digest.encode() not in answer.content


def test_a_token_is_its_owner_and_no_more(world: World, call: Call, token: Token) -> None:
    blue = world.submitted().number
    red = world.submitted("iris-red-own", by=world.charlie, tenant="iris-red").number
    every_scope = [scope.value for scope in tokens.Scope]
    assert _numbers(call("requests/", token(world.bob))) == {blue, red}
    assert _numbers(call("requests/", token(world.charlie, *every_scope))) == {red}
    assert call(f"requests/{blue}/", token(world.charlie, *every_scope)).status_code == 404
    found = call(f"requests/{blue}/", token(world.alice, *every_scope)).json()
    assert "approve" not in found["actions"]


def test_what_may_be_done_is_less_with_fewer_scopes(world: World, call: Call, token: Token) -> None:
    path = f"requests/{world.submitted().number}/"
    full = call(path, world.bob).json()
    assert full["actions"] == ["return", "approve", "reject", "refresh", "comment"]
    assert full["required_decisions"][0]["may_decide"] is True
    assert full["required_decisions"][0]["why_not"] is None
    writing = call(path, token(world.bob, "read", "requests:write")).json()
    assert writing["actions"] == ["refresh", "comment"]
    assert writing["required_decisions"][0]["may_decide"] is False
    assert "requests:decide" in writing["required_decisions"][0]["why_not"]
    deciding = call(path, token(world.bob, "read", "requests:decide")).json()
    assert deciding["actions"] == ["return", "approve", "reject"]
    assert call(path, token(world.bob, "read")).json()["actions"] == []
    alice = call(path, world.alice).json()["required_decisions"][0]
    assert alice["may_decide"] is False
    assert "admin" in alice["why_not"]


def test_without_read_a_token_reads_nothing(world: World, call: Call, token: Token) -> None:
    world.add_namespace()
    text = token(world.alice, "requests:write", "requests:decide", "admin")
    for path in PLACES:
        answer = call(path, text)
        assert answer.status_code == 403, path
        assert answer.json()["type"].endswith("/api/problems/insufficient-scope/")
        assert "“read”" in answer.json()["detail"]
        challenge = answer.headers["WWW-Authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="read"' in challenge


def _expired(row: ApiToken) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoked(row: ApiToken) -> None:
    tokens.revoke(row, by=row.owner)


def _owner_disabled(row: ApiToken) -> None:
    User.objects.filter(pk=row.owner_id).update(is_active=False)


def _gone(row: ApiToken) -> None:
    row.delete()


@pytest.mark.parametrize("end", [_expired, _revoked, _owner_disabled, _gone])
def test_dead_tokens_open_nothing_and_do_not_say_why(
    alice: User, call: Call, token: Token, end: Any
) -> None:
    text = token(alice)
    assert call("me/", text).status_code == 200
    end(ApiToken.objects.get())
    answer = call("me/", text)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.json()["detail"] == "The token is unknown, expired or revoked."


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer gh_",
        "bearer gh_aaaaaaaaaaaa." + "a" * 43,
        "Bearer a b c",
        "Bearer \u00e4\u00f6\u00fc",
        "Bearer " + "x" * 10_000,
        "Basic YWxpY2U6ZGVtbw==",
        "Token gh_aaaaaaaaaaaa",
        "gh_aaaaaaaaaaaa",
        "",
    ],
)
def test_odd_authorization_headers_are_401(db: None, header: str) -> None:
    answer = Client().get("/api/v1/me/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_bad_token_is_refused_even_beside_a_good_session(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/api/v1/me/").status_code == 200
    header = {"Authorization": "Bearer gh_nonsense"}
    assert client.get("/api/v1/me/", headers=header).status_code == 401


def test_a_token_beside_a_session_counts_as_the_token(world: World, token: Token) -> None:
    client = Client()
    client.force_login(world.bob)
    header = {"Authorization": f"bearer {token(world.alice)}"}
    assert client.get("/api/v1/me/", headers=header).json()["username"] == "alice"


def test_a_session_needs_the_csrf_token_to_change_anything(alice: User, token: Token) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/api/v1/requests/", {}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
    header = {"Authorization": f"Bearer {token(alice)}"}
    answer = Client(enforce_csrf_checks=True).post("/api/v1/requests/", headers=header)
    assert answer.status_code == 405


def test_an_earlier_request_of_somebody_else_is_not_described(world: World, call: Call) -> None:
    first = world.submitted()
    services.comment(first, by=world.alice, text="mine")
    second = world.submitted("iris-blue-other")
    revision = second.revisions.get()
    revision.owned = first.revisions.get().owned
    revision.save()
    type(second).objects.filter(pk=second.pk).update(requester=world.charlie)
    found = call(f"requests/{second.number}/", world.charlie).json()
    assert found["phase"]["key"] == "blocked"
    assert found["blocked_by"] == []
