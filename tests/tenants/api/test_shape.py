"""Names are promises: every documented key is there, and lists, objects and pages agree."""

import re
from typing import Any

from django.contrib.auth.models import User

from tenants import queries, services
from tenants.api.authentication import Caller
from tenants.api.readings import readings
from tenants.models import Request, Tenant
from tenants.operations.facts import External
from tenants.workflow import Action
from tests.tenants.api.conftest import Call, one_of_each
from tests.world import World

KEYS = {
    *("id", "number", "url", "html_url", "display", "operation", "tenant", "spec", "purpose"),
    *("cost_centre", "external", "status", "revision", "phase", "requester", "decisions"),
    *("required_decisions", "actions", "change_sets", "conditions", "steps", "blocked_by"),
    *("settled_at", "created_at", "submitted_at", "decided_at"),
}
CHANGE_SET = {
    *("id", "repository", "state", "waiting_for", "stage", "branch", "commit", "pull_request"),
    *("digest", "attempts", "last_error", "next_run_at"),
}
RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _get(call: Call, path: str, who: User) -> Any:
    answer = call(path, who)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_documented_key_is_there_in_every_situation(world: World, call: Call) -> None:
    for name, request in one_of_each(world).items():
        found = _get(call, f"requests/{request.number}/", world.bob)
        assert set(found) >= KEYS, name
        assert {"key", "word", "step", "steps", "waiting_for", "since"} <= set(found["phase"]), name
        assert found["steps"] == []
        for row in found["change_sets"]:
            assert set(row) >= CHANGE_SET, name
        for row in found["required_decisions"]:
            assert {"stage", "needed", "given", "may_decide", "why_not"} <= set(row), name
        for row in found["decisions"]:
            wanted = {"stage", "verdict", "by", "at", "revision", "digest", "comment"}
            assert wanted <= set(row), name
        for key in ("settled_at", "created_at", "submitted_at", "decided_at"):
            assert found[key] is None or RFC_3339_UTC.fullmatch(found[key]), (name, key)
        assert RFC_3339_UTC.fullmatch(found["phase"]["since"])


def test_what_a_script_reads_of_a_request_on_its_way(
    world: World, call: Call, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://gatehouse.example.com"
    request = services.create(
        by=world.alice,
        operation="add-namespace",
        tenant="iris-blue",
        payload={"name": "iris-blue-pay", "clusters": ["dev-1"], "size_class": "small"},
        purpose="Payments",
        external=External(system="servicenow", id="RITM7", url="https://snow.example.com/RITM7"),
    )
    world.approve(services.submit(request, by=world.alice))
    world.deliver()

    found = _get(call, f"requests/{request.number}/", world.alice)

    host = "https://gatehouse.example.com"
    assert found["id"] == str(request.pk)
    assert found["url"] == f"{host}/api/v1/requests/{request.number}/"
    assert found["html_url"] == f"{host}/requests/{request.number}/"
    assert found["display"] == f"#{request.number} add-namespace iris-blue-pay"
    assert found["tenant"]["slug"] == "iris-blue"
    assert found["requester"]["username"] == "alice"
    assert found["spec"]["name"] == "iris-blue-pay"
    assert found["cost_centre"] is None
    assert found["external"] == {
        "system": "servicenow",
        "id": "RITM7",
        "url": "https://snow.example.com/RITM7",
    }
    assert found["status"] == "approved"
    assert found["phase"]["key"] == "waiting-for-merge"
    assert found["revision"]["number"] == 1
    [decision] = found["decisions"]
    assert decision["by"]["username"] == "bob"
    assert decision["verdict"] == "approve"
    assert decision["digest"] == found["revision"]["digest"]
    [change_set] = found["change_sets"]
    assert change_set["state"] == "open"
    assert change_set["repository"]["name"] == "platform/fleet"
    assert change_set["pull_request"]["state"] == "open"
    assert re.fullmatch(r"[0-9a-f]{40}", change_set["commit"])
    assert found["actions"] == ["withdraw", "comment"]


def test_the_address_with_the_id_is_the_same_request(world: World, call: Call) -> None:
    request = world.add_namespace()
    by_number = _get(call, f"requests/{request.number}/", world.alice)
    assert _get(call, f"requests/{request.pk}/", world.alice) == by_number
    assert _get(call, f"requests/{str(request.pk).upper()}", world.alice) == by_number


def test_an_earlier_request_for_the_same_files_is_named(world: World, call: Call) -> None:
    first = world.submitted()
    second = world.submitted("iris-blue-other")
    other = second.revisions.get()
    other.owned = first.revisions.get().owned
    other.save()
    found = _get(call, f"requests/{second.number}/", world.bob)
    assert [b["number"] for b in found["blocked_by"]] == [first.number]
    assert found["blocked_by"][0]["url"].endswith(f"/api/v1/requests/{first.number}/")
    assert found["phase"]["key"] == "blocked"
    assert "approve" not in found["actions"]
    assert "goes first" in found["required_decisions"][0]["why_not"]


def test_lists_objects_and_pages_agree(world: World, call: Call) -> None:
    """The API reads many at once and the pages one by one: the same rules, the same answers."""
    one_of_each(world)
    _check_variety(world)
    edited = world.submitted("iris-blue-edited")
    Tenant.objects.get(slug="iris-blue").memberships.create(user=world.carol, role="owner")
    carol = User.objects.get(username="carol")
    services.edit(edited, by=carol, payload=edited.payload, purpose="More", cost_centre="")
    blocked = world.submitted("iris-blue-again")
    blocked.revisions.update(owned=edited.revisions.latest("number").owned)
    for person in User.objects.all():
        listed = {r["number"]: r for r in _get(call, "requests/?limit=200", person)["results"]}
        visible = list(queries.visible_requests(person))
        assert set(listed) == {r.number for r in visible}
        together = {r.request.pk: r for r in readings(visible, Caller(user=person))}
        for row in visible:
            alone = Request.objects.get(pk=row.pk)
            assert _get(call, f"requests/{row.number}/", person) == listed[row.number]
            allowed = [a for a, why in queries.actions_for(alone, person).items() if why is None]
            reading = together[row.pk]
            assert list(reading.actions) == allowed, (row, person)
            assert reading.phase == queries.phase_of(alone), (row, person)
            assert reading.required == queries.required_decisions(alone, person), (row, person)


def _check_variety(world: World) -> None:
    """Otherwise the test above would say little."""
    keys = set(Request.objects.values_list("phase_key", flat=True))
    assert keys >= {
        *("draft", "waiting-for-approval", "returned", "rejected", "withdrawn"),
        *("merged", "waiting-for-merge", "opening", "closing"),
    }
    actions = {
        action
        for row in Request.objects.all()
        for person in (world.alice, world.bob)
        for action, why in queries.actions_for(row, person).items()
        if why is None
    }
    assert actions == set(Action) - {Action.INVALIDATE, Action.EXPIRE}


def test_the_timeline(world: World, call: Call) -> None:
    request = world.approved()
    services.comment(request, by=world.alice, text="Thank you")
    world.deliver()
    found = _get(call, f"requests/{request.number}/events/", world.alice)
    told = [(event["who"], event["what"]) for event in found["results"]]
    assert told == [
        ("alice", "started a draft"),
        ("alice", "submitted it for approval"),
        ("bob", "approved"),
        ("Gatehouse", "queued the files"),
        ("alice", "commented"),
        ("Gatehouse", "opened the pull request"),
    ]
    assert found["count"] == 6
    assert found["results"][4]["text"] == "Thank you"
    assert found["results"][4]["url"] is None
    assert "/pulls/" in found["results"][5]["url"]
    assert all(RFC_3339_UTC.fullmatch(event["at"]) for event in found["results"])
    second = _get(call, f"requests/{request.number}/events/?limit=2&offset=2", world.alice)
    assert second["results"] == found["results"][2:4]
    assert second["next"].endswith("/events/?limit=2&offset=4")


def test_since_is_when_the_phase_moved_not_when_somebody_spoke(world: World, call: Call) -> None:
    request = world.submitted()
    before = _get(call, f"requests/{request.number}/", world.alice)["phase"]["since"]
    services.comment(request, by=world.bob, text="Looking")
    assert _get(call, f"requests/{request.number}/", world.alice)["phase"]["since"] == before
    world.approve(request)
    assert _get(call, f"requests/{request.number}/", world.alice)["phase"]["since"] > before


def test_typed_text_nobody_foresaw_is_given_back(world: World, call: Call) -> None:
    """A draft keeps any JSON; answering it must not fail."""
    spec = {"name": "\ud800\0", "clusters": [float("nan"), 10**30, {"ä": None}], "é": "\u2028"}
    request = services.create(
        by=world.alice, operation="add-namespace", tenant="iris-blue", payload=spec
    )
    found = _get(call, f"requests/{request.number}/", world.alice)
    assert found["spec"]["clusters"] == [None, 10**30, {"ä": None}]
