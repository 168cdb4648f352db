"""Every page as owner, admin, stranger and nobody."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tenants.models import Request
from tenants.workflow import Action
from tests.tenants.pages.conftest import Browse
from tests.tenants.pages.reading import read
from tests.world import World

EVERYBODY = (
    "/",
    "/requests/",
    "/requests/new/",
    "/requests/new/onboard-tenant/",
    "/tenants/",
    "/namespaces/",
    "/clusters/",
    "/clusters/dev-1/",
)
BLUE = (
    "/requests/{number}/",
    "/requests/{number}/progress/",
    "/tenants/iris-blue/",
    "/requests/new/add-namespace/?tenant=iris-blue",
)


def _status(client: Client, address: str, request: Request) -> int:
    return client.get(address.format(number=request.number)).status_code


def test_everybody_who_is_signed_in_has_the_common_pages(world: World, browse: Browse) -> None:
    request = world.submitted()
    for person in (world.alice, world.bob, world.charlie):
        answers = {a: _status(browse(person), a, request) for a in EVERYBODY}
        assert set(answers.values()) == {200}, (person, answers)


def test_a_tenants_pages_exist_for_its_people_and_admins_only(world: World, browse: Browse) -> None:
    request = world.submitted()
    for person, expected in ((world.alice, 200), (world.bob, 200), (world.charlie, 404)):
        answers = {a: _status(browse(person), a, request) for a in BLUE}
        assert set(answers.values()) == {expected}, (person, answers)


def test_nobody_is_sent_to_sign_in_and_back(world: World, browse: Browse) -> None:
    request = world.submitted()
    for address in (*EVERYBODY, *BLUE):
        answer = browse(None).get(address.format(number=request.number))
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/accounts/login/?next=/"), address


def test_a_fragment_is_never_a_sign_in_page(world: World, browse: Browse) -> None:
    request = world.submitted()
    answer = browse(None).get(f"/requests/{request.number}/progress/", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer.content) == (401, b"Sign in again.")


def test_a_stranger_finds_no_button_to_press(world: World, browse: Browse) -> None:
    request = world.submitted()
    [row] = request.revisions.get().proposed_change_sets.all()
    addresses = [f"/requests/{request.number}/{action}/" for action in Action]
    addresses += [
        f"/requests/{request.number}/change-sets/{row.change_set_id}/{action}/"
        for action in ("retry", "close")
    ]
    for address in addresses:
        assert browse(world.charlie).post(address, {"comment": "x"}).status_code == 404, address
    request.refresh_from_db()
    assert request.status == "submitted"


def test_a_stranger_cannot_ask_or_preview_for_another_tenant(world: World, browse: Browse) -> None:
    form = {"tenant": "iris-blue", "spec-name": "iris-blue-x", "do": "draft"}
    charlie = browse(world.charlie)
    assert charlie.post("/requests/new/add-namespace/", form).status_code == 404
    preview = charlie.post("/requests/new/add-namespace/preview/", form)
    assert "guardrails.yaml" not in preview.content.decode()
    assert not Request.objects.exists()


def test_lists_hold_only_what_a_person_may_see(world: World, browse: Browse) -> None:
    request = world.submitted()
    for person, seen in ((world.alice, True), (world.bob, True), (world.charlie, False)):
        for address in ("/requests/", "/", "/namespaces/", "/tenants/", "/clusters/dev-1/"):
            text = read(browse(person).get(address)).text
            assert ("iris-blue" in text) is seen, (person, address)
    assert request.subject in read(browse(world.bob).get("/")).text


@pytest.mark.parametrize("action", ["approve", "return", "reject"])
@pytest.mark.parametrize(
    ("who", "reason"),
    [("alice", "Only a platform admin decides"), ("bob", "You are the requester")],
)
def test_the_requester_never_decides(
    world: World, browse: Browse, action: str, who: str, reason: str
) -> None:
    requester: User = getattr(world, who)
    request = world.submitted(by=requester)
    address = f"/requests/{request.number}/"
    page = browse(requester).get(address)
    assert not read(page).all("form", id="decide")
    assert reason in page.content.decode()
    answer = browse(requester).post(f"{address}{action}/", {"comment": "me"})
    assert answer.status_code == 403
    request.refresh_from_db()
    assert request.status == "submitted"


def test_a_superuser_who_asked_does_not_decide_either(world: World, browse: Browse) -> None:
    root = User.objects.create_superuser("root", password="x")
    request = world.submitted(by=root)
    page = read(browse(root).get(f"/requests/{request.number}/"))
    assert not page.all("form", id="decide")


def test_only_who_may_edit_gets_the_form(world: World, browse: Browse) -> None:
    request = world.submitted()
    address = f"/requests/{request.number}/edit/"
    assert browse(world.alice).get(address).status_code == 200
    refused = browse(world.bob).get(address)
    assert refused.status_code == 403
    assert "Only the requester or an owner" in refused.content.decode()
    assert browse(world.charlie).get(address).status_code == 404


def test_what_does_not_exist_is_not_found(world: World, browse: Browse) -> None:
    bob = browse(world.bob)
    for address in (
        "/requests/999/",
        "/requests/new/paint-it-red/",
        "/tenants/nobody/",
        "/clusters/nowhere/",
        "/nowhere/",
    ):
        assert bob.get(address).status_code == 404, address
    request = world.submitted()
    for word in ("expire", "invalidate", "dance"):
        assert bob.post(f"/requests/{request.number}/{word}/").status_code == 404, word
