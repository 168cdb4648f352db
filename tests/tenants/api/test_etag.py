"""Polling by tag: 304 while nothing moved, a new answer for everything that can move."""

from typing import Any

from django.contrib.auth.models import User

from tenants import services
from tenants.models import Request
from tests.tenants.api.conftest import Call, Token
from tests.world import World, pull_of


def _tag(call: Call, number: int, who: User | str) -> str:
    return call(f"requests/{number}/", who).headers["ETag"]


def test_a_round_trip(world: World, call: Call) -> None:
    request = world.submitted()
    path = f"requests/{request.number}/"
    tag = _tag(call, request.number, world.alice)
    assert tag.startswith(f'"{request.version}-')
    for seen in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = call(path, world.alice, If_None_Match=seen)
        assert (answer.status_code, answer.content) == (304, b""), seen
        assert answer.headers["ETag"] == tag
        assert "private" in answer.headers["Cache-Control"]
        assert "Authorization" in answer.headers["Vary"]
        assert "X-Request-ID" in answer.headers
    for other in ('"other"', "nonsense", "", tag.strip('"')):
        assert call(path, world.alice, If_None_Match=other).status_code == 200, other


def test_everything_that_moves_gives_a_new_tag(world: World, call: Call) -> None:
    request = world.submitted()
    tags = [_tag(call, request.number, world.alice)]

    def moved() -> None:
        found = call(f"requests/{request.number}/", world.alice, If_None_Match=tags[-1])
        assert found.status_code == 200
        tags.append(found.headers["ETag"])
        again = call(f"requests/{request.number}/", world.alice, If_None_Match=tags[-1])
        assert again.status_code == 304

    world.approve(request)
    moved()
    world.deliver()  # people have done nothing: the version stays, the pull request is new
    moved()
    assert tags[-1].split("-")[0] == tags[-2].split("-")[0]
    world.merge(pull_of(world, Request.objects.get(pk=request.pk)).number)
    world.hurry()
    moved()
    assert len(set(tags)) == 4


def test_the_version_counts_what_people_did(world: World, call: Call) -> None:
    request = world.submitted()
    before = _tag(call, request.number, world.alice)
    services.edit(
        request,
        by=world.alice,
        payload=request.payload | {"size_class": "medium"},
        purpose="More",
        cost_centre="",
    )
    after = _tag(call, request.number, world.alice)
    assert int(after[1:].split("-")[0]) > int(before[1:].split("-")[0])


def test_a_tag_is_of_one_callers_answer(world: World, call: Call, token: Token) -> None:
    """Actions differ by person and by scopes, so a tag never fits somebody else's answer."""
    request = world.submitted()
    callers: list[Any] = [world.alice, world.bob, token(world.bob)]
    assert len({_tag(call, request.number, who) for who in callers}) == 3


def test_strangers_learn_nothing_from_tags(world: World, call: Call) -> None:
    request = world.submitted()
    answer = call(f"requests/{request.number}/", world.charlie, If_None_Match="*")
    assert answer.status_code == 404
