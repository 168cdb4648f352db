"""Lists: parts, order, filters, and what happens to addresses that ask for nonsense."""

from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tenants import services
from tenants.models import Request, Tenant
from tests.tenants.api.conftest import Call, Token, one_of_each
from tests.world import World


def _list(call: Call, query: str, who: Any) -> Any:
    answer = call(f"requests/?{query}", who)
    assert answer.status_code == 200, answer.content
    return answer.json()


def _numbers(call: Call, query: str, who: Any) -> list[int]:
    return [row["number"] for row in _list(call, query, who)["results"]]


def test_parts_of_a_list_follow_one_another(world: World, call: Call, settings: Any) -> None:
    settings.PUBLIC_URL = "https://gatehouse.example.com"
    for number in range(5):
        world.add_namespace(f"iris-blue-{number}")
    found = _list(call, "limit=2&status=draft&status=submitted", world.alice)
    assert found["count"] == 5
    assert found["previous"] is None
    walked, steps = [], 0
    while True:
        walked += [row["number"] for row in found["results"]]
        if found["next"] is None:
            break
        assert found["next"].startswith("https://gatehouse.example.com/api/v1/requests/?")
        assert "status=draft&status=submitted" in found["next"]
        found, steps = _list(call, found["next"].split("?")[1], world.alice), steps + 1
    assert walked == [5, 4, 3, 2, 1]
    assert steps == 2
    back = _list(call, found["previous"].split("?")[1], world.alice)
    assert [row["number"] for row in back["results"]] == [3, 2]
    assert _list(call, "offset=5", world.alice)["results"] == []
    assert _list(call, "offset=999999999", world.alice)["count"] == 5
    assert _list(call, "limit=3&offset=1", world.alice)["previous"].endswith("limit=3&offset=0")


def test_order(world: World, call: Call) -> None:
    first = world.add_namespace("iris-blue-a").number
    second = world.submitted("iris-blue-b").number
    third = world.submitted("iris-red-c", by=world.charlie, tenant="iris-red").number
    for ordering, expected in (
        ("", [third, second, first]),
        ("ordering=number", [first, second, third]),
        ("ordering=-created_at", [third, second, first]),
        ("ordering=created_at", [first, second, third]),
        ("ordering=submitted_at", [second, third, first]),  # never submitted comes last
        ("ordering=-submitted_at", [third, second, first]),
        ("ordering=tenant", [second, first, third]),
        ("ordering=tenant,number", [first, second, third]),
        ("ordering=-requester", [third, second, first]),
        ("ordering=status,-number", [first, third, second]),
    ):
        assert _numbers(call, ordering, world.bob) == expected, ordering


def test_filters(world: World, call: Call) -> None:
    found = {name: request.number for name, request in one_of_each(world).items()}
    every = set(found.values())
    blue = every - {found["red"], found["onboarding"]}
    iris_blue = Tenant.objects.get(slug="iris-blue").pk
    for query, expected in (
        ("", every),
        ("status=draft", {found["draft"]}),
        ("status=draft&status=rejected", {found["draft"], found["rejected"]}),
        ("tenant=iris-red", {found["red"]}),
        ("tenant=iris-red&tenant=plum", {found["red"], found["onboarding"]}),
        (f"tenant={iris_blue}", blue),
        ("tenant=nowhere", set()),
        ("operation=onboard-tenant", {found["onboarding"]}),
        ("operation=onboard-tenant&operation=add-namespace", every),
        ("requester=charlie", {found["red"]}),
        ("requester=charlie&requester=alice", every),
        ("requester=nobody", set()),
        ("requester=charlie&tenant=iris-blue", set()),
        ("q=iris-blue-MERGED", {found["merged"]}),
        ("q=plum", {found["onboarding"]}),
        ("q=A+new+team", {found["onboarding"]}),
        ("q=iris-red", {found["red"]}),
        ("q=%25", set()),
        ("q=_", set()),
        ("q=++", every),
        (f"q=%23{found['draft']}", {found["draft"]}),
    ):
        assert set(_numbers(call, f"limit=200&{query}", world.bob)) == expected, query
    assert found["rejected"] in _numbers(call, f"q={found['rejected']}", world.bob)


def _cost(world: World, text: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {text}"})
    address = "/api/v1/requests/?limit=200&ordering=-tenant&q=iris"
    client.get(address)  # whatever is looked up once, and the use of the token
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_a_list_asks_the_same_number_of_queries_however_long(world: World, token: Token) -> None:
    world.approved("iris-blue-a0")
    world.deliver()
    services.withdraw(Request.objects.get(), by=world.alice)
    world.approved("iris-blue-b0")
    world.submitted("iris-blue-c0")
    texts = {who: token(getattr(world, who)) for who in ("alice", "bob")}
    few = {who: _cost(world, text) for who, text in texts.items()}
    for number in range(1, 10):
        withdrawn = world.approved(f"iris-blue-a{number}")
        world.approved(f"iris-blue-b{number}")
        world.submitted(f"iris-blue-c{number}")
        services.withdraw(withdrawn, by=world.alice)
    assert Request.objects.count() == 30
    assert {who: _cost(world, text) for who, text in texts.items()} == few
    assert max(few.values()) <= 20


BAD = [
    *("limit=0", "limit=-1", "limit=201", "limit=ten", "limit=1.5", "limit=", "limit=%D9%A3"),
    *("limit=99999999999999999999", "limit=1&limit=2", "limit=1e3", "limit=+5"),
    *("offset=-1", "offset=x", "offset=99999999999", "offset="),
    *("ordering=secret", "ordering=-", "ordering=--number", "ordering=requester__password"),
    *("ordering=number,evil", "ordering=number&ordering=status", "ordering=%3F"),
    *("status=open", "status=", "status=draft&status=nonsense", "status=DRAFT"),
    *("operation=move-everything", "operation=", "tenant=a%00b", "requester=%00"),
    *("q=%00", "q=" + "x" * 201, "q=1&q=2", "tenant=" + "x" * 300),
]


CODES = {"out-of-range", "unknown-value", "repeated", "malformed", "too-long"}


def test_values_nobody_can_mean_are_400_and_named(alice: User, call: Call) -> None:
    for query in BAD:
        answer = call(f"requests/?{query}", alice)
        assert answer.status_code == 400, query
        found = answer.json()
        assert found["type"].endswith("/api/problems/bad-query/")
        [error] = found["errors"]
        assert error["pointer"] == "/query/" + query.split("=")[0]
        assert error["code"] in CODES
        assert error["detail"]


def test_all_complaints_come_at_once(alice: User, call: Call) -> None:
    answer = call("requests/?limit=x&offset=y&ordering=z&status=s&stauts=draft&a%2Fb~=1", alice)
    found = [(e["pointer"], e["code"]) for e in answer.json()["errors"]]
    assert found == [
        ("/query/limit", "out-of-range"),
        ("/query/offset", "out-of-range"),
        ("/query/ordering", "unknown-value"),
        ("/query/status", "unknown-value"),
        ("/query/stauts", "unknown-parameter"),
        ("/query/a~1b~0", "unknown-parameter"),
    ]


def test_parameters_nobody_reads_are_refused_everywhere(world: World, call: Call) -> None:
    world.add_namespace()
    for path in ("me/", "requests/1/", "requests/1/events/"):
        assert call(path, world.alice).status_code == 200
        answer = call(f"{path}?format=xml", world.alice)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/query/format"


def test_more_parameters_than_anybody_sends_are_400(alice: User, call: Call) -> None:
    answer = call("requests/?" + "&".join(["status=draft"] * 1001), alice)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/api/problems/malformed/")
    many = "&".join(f"tenant=t{number}" for number in range(999))
    assert call(f"requests/?{many}", alice).status_code == 200


NAMES = st.sampled_from(
    ["limit", "offset", "ordering", "status", "tenant", "operation", "requester", "q", "format"]
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.sampled_from(["draft", "iris-blue", "-number", "created_at", "10", "0", "'--", "%", "\\"]),
)


ANY = st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=6)), VALUES), max_size=3)
OPEN = st.lists(
    st.tuples(st.sampled_from(["tenant", "requester", "q"]), VALUES),
    max_size=3,
    unique_by=lambda pair: pair[0],
)
"""Filters that take any text: these get past the door, and reach the database."""

RAW = ["%ff%fe", "=", "&&&", "limit", "%", "limit=%ed%a0%80", "a=1;b=2", "[]=1", "\u00ff", "q=%ff"]


def test_no_query_string_is_a_500(alice: User) -> None:
    """The client raises what a view raises, so an answer is already half the proof."""
    Request.objects.create(number=1, operation="add-namespace", requester=alice)
    client = Client()
    client.force_login(alice)
    seen: Counter[int] = Counter()

    def ask(query: str) -> None:
        answer = client.get("/api/v1/requests/", QUERY_STRING=query)
        assert answer.status_code in {200, 400}, query
        seen[answer.status_code] += 1

    @limits(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(OPEN, ANY))
    def fuzz(pairs: list[tuple[str, str]]) -> None:
        ask(urlencode([(k, v.encode("utf-8", "surrogatepass")) for k, v in pairs]))

    fuzz()
    for raw in RAW:
        ask(raw)
    assert min(seen[200], seen[400]) > 10
