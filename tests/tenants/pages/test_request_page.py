"""The page of one request: deciding, following, talking."""

import pytest
from django.test import Client

from gitops.models import ChangeSet
from tenants import queries, services
from tenants.models import Comment, Decision, Request
from tests.tenants.pages.conftest import Browse
from tests.tenants.pages.reading import Page, read
from tests.world import World


def _page(client: Client, request: Request) -> Page:
    return read(client.get(f"/requests/{request.number}/"))


def _press(client: Client, request: Request, action: str, **typed: str) -> tuple[int, Page]:
    answer = client.post(f"/requests/{request.number}/{action}/", typed)
    return answer.status_code, read(answer)


def test_approving_what_is_shown(world: World, browse: Browse) -> None:
    request = world.submitted()
    digest = _page(browse(world.bob), request).value("digest")
    status, _ = _press(browse(world.bob), request, "approve", digest=digest, comment="fine")
    assert status == 302
    request.refresh_from_db()
    assert request.status == "approved"
    decision = Decision.objects.get()
    assert (decision.digest, decision.comment) == (digest, "fine")


def test_production_waits_for_a_second_admin(world: World, browse: Browse) -> None:
    request = world.submitted(clusters=["production-1"])
    digest = _page(browse(world.bob), request).value("digest")
    _press(browse(world.bob), request, "approve", digest=digest)
    again = _page(browse(world.bob), request)
    assert not again.all("form", id="decide")
    assert "You have decided about this revision already" in again.text
    assert "Platform: 1 of 1" in again.text
    assert "Production: 0 of 1" in again.text
    _press(browse(world.carol), request, "approve", digest=digest)
    request.refresh_from_db()
    assert request.status == "approved"


def test_a_request_that_moved_on_says_so_and_keeps_the_comment(
    world: World, browse: Browse
) -> None:
    request = world.submitted()
    old = _page(browse(world.bob), request).value("digest")
    services.edit(
        request,
        by=world.alice,
        payload={**request.payload, "size_class": "medium", "network": "internet"},
        purpose=request.purpose,
    )
    status, page = _press(browse(world.bob), request, "approve", digest=old, comment="looks <good>")
    assert status == 409
    assert "moved on while you were reading" in page.text
    assert "allow-internet" in page.text, "the new state is shown"
    assert page.value("digest") != old
    [box] = [e for e in page.all("textarea") if e.attributes["id"] == "decision-comment"]
    assert box.text == "looks <good>"
    assert not Decision.objects.exists()


@pytest.mark.parametrize("action", ["return", "reject"])
def test_saying_no_needs_a_reason(world: World, browse: Browse, action: str) -> None:
    request = world.submitted()
    status, page = _press(browse(world.bob), request, action, comment="  ")
    assert status in {403, 422}
    assert page.all("form", id="decide")
    [details] = [
        e for e in page.all("details") if "open" in e.attributes and not e.attributes.get("class")
    ]
    assert details is not None
    status, _ = _press(browse(world.bob), request, action, comment="Please choose small.")
    assert status == 302
    assert "Please choose small." in _page(browse(world.alice), request).text


def test_absent_buttons_say_why(world: World, browse: Browse) -> None:
    request = world.approved()
    page = _page(browse(world.alice), request)
    assert not [e for e in page.all("a") if e.attributes.get("href", "").endswith("/edit/")]
    assert "Not possible now, and why" in page.text
    assert "The request is approved" in page.text


def test_the_diff_can_be_read_without_colours(world: World, browse: Browse) -> None:
    page = _page(browse(world.bob), world.submitted())
    files = page.all("details", class_="file")
    assert len(files) == 3
    assert ["open" in e.attributes for e in files] == [True, False, False]
    regions = page.all("div", class_="diff-scroll")
    assert all(e.attributes["tabindex"] == "0" and e.attributes["aria-label"] for e in regions)
    assert len(page.all("caption")) == 3
    assert [e.text for e in page.all("span", class_="visually-hidden")].count("added") > 50


def test_the_page_follows_delivery_and_stops_when_it_is_over(world: World, browse: Browse) -> None:
    request = world.approved()
    alice = browse(world.alice)
    [block] = _page(alice, request).all("section", id="progress")
    address = block.attributes["hx-get"]
    assert block.attributes["hx-trigger"] == "every 3s"
    assert alice.get(address).status_code == 204, "nothing moved: nothing is swapped"
    world.hurry()
    moved = alice.get(address)
    assert moved.status_code == 200
    page = read(moved)
    assert "can be merged now" in page.text
    assert page.all("span", id="phase")[0].text == "waiting for merge"
    assert page.all("ol", id="timeline")[0].attributes["hx-swap-oob"] == "true"
    [row] = queries.change_sets_of(Request.objects.get())
    assert row.pull_request_url in {e.attributes.get("href") for e in page.all("a")}
    world.merge(row.pull_request_number or 0)
    world.hurry()
    [done] = _page(alice, request).all("section", id="progress")
    assert "hx-get" not in done.attributes


def test_a_reader_is_told_that_somebody_decided(world: World, browse: Browse) -> None:
    request = world.submitted()
    bob = browse(world.bob)
    [block] = _page(bob, request).all("section", id="progress")
    world.approve(request, by=world.carol)
    answer = bob.get(block.attributes["hx-get"])
    assert "changed while you were reading" in answer.content.decode()


def _park(world: World, request: Request) -> ChangeSet:
    world.hurry()
    [row] = queries.change_sets_of(Request.objects.get(pk=request.pk))
    world.push_file("hello.txt", "mine\n", branch=row.branch)
    world.hurry()
    row.refresh_from_db()
    assert row.state == "needs_admin"
    return row


def test_a_parked_change_set_has_its_reason_and_buttons_for_admins(
    world: World, browse: Browse
) -> None:
    request = world.approved()
    row = _park(world, request)
    home = read(browse(world.bob).get("/"))
    assert "Change sets that need an admin" in home.text
    admin, owner = _page(browse(world.bob), request), _page(browse(world.alice), request)
    sentence = "Somebody else pushed to the branch."
    assert sentence in admin.text
    assert sentence in owner.text
    retry = f"/requests/{request.number}/change-sets/{row.pk}/retry/"
    assert admin.all("button", formaction=retry)
    assert not owner.all("button", formaction=retry)
    assert browse(world.alice).post(retry).status_code == 403
    assert browse(world.bob).post(retry).status_code == 302
    row.refresh_from_db()
    assert row.state == "pending"
    assert browse(world.bob).post(retry).status_code == 403, "it is not stuck any more"


def test_a_change_set_belongs_to_its_request(world: World, browse: Browse) -> None:
    mine, other = world.approved(), world.approved("iris-blue-other")
    [row] = queries.change_sets_of(other)
    address = f"/requests/{mine.number}/change-sets/{row.pk}/close/"
    assert browse(world.bob).post(address).status_code == 404


def test_talking(world: World, browse: Browse) -> None:
    request = world.submitted()
    assert _press(browse(world.alice), request, "comment", comment="<i>soon?</i>")[0] == 302
    page = browse(world.bob).get(f"/requests/{request.number}/").content.decode()
    assert "&lt;i&gt;soon?&lt;/i&gt;" in page
    status, shown = _press(browse(world.alice), request, "comment", comment=" ")
    assert status == 422
    assert "Write between 1 and" in shown.text
    assert Comment.objects.count() == 1


def test_the_requesters_buttons(world: World, browse: Browse) -> None:
    request = world.add_namespace()
    alice = browse(world.alice)
    for action, status in (
        ("submit", "submitted"),
        ("refresh", "submitted"),
        ("withdraw", "withdrawn"),
        ("reopen", "draft"),
    ):
        assert _press(alice, request, action)[0] == 302, action
        request.refresh_from_db()
        assert request.status == status


def test_a_draft_that_breaks_rules_says_so_when_it_is_submitted(
    world: World, browse: Browse
) -> None:
    request = world.add_namespace("Payments")
    page = _page(browse(world.alice), request)
    assert "There are no files yet" in page.text
    status, refused = _press(browse(world.alice), request, "submit")
    assert status == 422
    assert "This does not work yet" in refused.text


def test_a_click_after_signing_in_again_leads_to_the_request(world: World, browse: Browse) -> None:
    request = world.submitted()
    answer = browse(world.bob).get(f"/requests/{request.number}/approve/")
    assert answer["Location"] == f"/requests/{request.number}/"
    request.refresh_from_db()
    assert request.status == "submitted"
