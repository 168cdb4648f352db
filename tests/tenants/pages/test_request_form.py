"""Asking through the form: nothing is lost, nothing is decided in the browser."""

import pytest
from django.http import QueryDict

from tenants.forms.reading import read_form
from tenants.models import Request
from tenants.operations import OPERATIONS
from tenants.operations.base import read as read_payload
from tests.tenants.pages.conftest import Browse
from tests.tenants.pages.reading import read
from tests.world import World

ADDRESS = "/requests/new/add-namespace/"
GOOD = {
    "tenant": "iris-blue",
    "spec-name": "iris-blue-payments",
    "spec-clusters": ["dev-1"],
    "spec-size_class": "small",
    "spec-network": "tenant",
    "spec-pod_security": "restricted",
    "spec-lease": "",
    "purpose": "Payments API for the pilot",
    "cost_centre": "CC-1042",
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_field_of_the_payload_is_in_the_form(
    world: World, browse: Browse, operation: str
) -> None:
    page = read(browse(world.alice).get(f"/requests/new/{operation}/"))
    names = {e.attributes.get("name") for e in page.elements}
    for field in OPERATIONS[operation].fields:
        assert f"spec-{field.name}" in names, field.name
        assert field.title in page.text
    assert {"purpose", "cost_centre"} <= names
    assert len(page.ids) == len(set(page.ids)), "an id is there twice"


def test_the_only_tenant_is_picked_and_its_prefix_filled_in(world: World, browse: Browse) -> None:
    page = read(browse(world.alice).get(ADDRESS))
    assert page.value("tenant") == "iris-blue"
    assert page.value("spec-name") == "iris-blue-"


def test_somebody_with_several_tenants_chooses_first(world: World, browse: Browse) -> None:
    page = read(browse(world.bob).get(ADDRESS))
    links = {e.attributes.get("href") for e in page.all("a")}
    assert {f"{ADDRESS}?tenant=iris-blue", f"{ADDRESS}?tenant=iris-red"} <= links
    assert not page.all("form", id="request-form")


def test_only_clusters_the_tenant_is_on_are_offered(world: World, browse: Browse) -> None:
    page = read(browse(world.alice).get(ADDRESS))
    values = {e.attributes["value"] for e in page.all("input", name="spec-clusters")}
    assert values == {"dev-1", "production-1"}


def test_submitting_leads_to_the_request(world: World, browse: Browse) -> None:
    answer = browse(world.alice).post(ADDRESS, {**GOOD, "do": "submit"})
    request = Request.objects.get()
    assert answer["Location"] == f"/requests/{request.number}/"
    assert request.status == "submitted"
    assert request.payload == {
        "name": "iris-blue-payments",
        "clusters": ["dev-1"],
        "size_class": "small",
        "network": "tenant",
        "pod_security": "restricted",
    }
    assert (request.purpose, request.cost_centre) == ("Payments API for the pilot", "CC-1042")


def test_a_draft_keeps_whatever_was_typed(world: World, browse: Browse) -> None:
    typed = {**GOOD, "spec-name": "Payments Prod!", "spec-lease": "2001-02-03", "do": "draft"}
    answer = browse(world.alice).post(ADDRESS, typed)
    request = Request.objects.get()
    assert request.status == "draft"
    form = read(browse(world.alice).get(f"{answer['Location']}edit/"))
    assert form.value("spec-name") == "Payments Prod!"
    assert form.value("spec-lease") == "2001-02-03"


def test_errors_keep_every_input_and_lead_to_their_fields(world: World, browse: Browse) -> None:
    typed = {
        **GOOD,
        "spec-name": '"><b>Payments',
        "spec-clusters": ["dev-1", "production-1"],
        "spec-lease": "2001-02-03",
        "purpose": "",
        "cost_centre": "CC-7",
        "do": "submit",
    }
    answer = browse(world.alice).post(ADDRESS, typed)
    assert answer.status_code == 422
    assert not Request.objects.exists(), "a refused submit leaves no draft behind"
    page = read(answer)
    assert page.value("spec-name") == '"><b>Payments'
    assert page.value("spec-lease") == "2001-02-03"
    assert page.value("cost_centre") == "CC-7"
    chosen = [e.attributes["value"] for e in page.all("input") if "checked" in e.attributes]
    assert chosen == ["dev-1", "production-1", "small", "tenant", "restricted"]
    assert "3 things to put right" in page.text
    targets = {
        e.attributes["href"][1:] for e in page.all("a") if e.attributes.get("href", "")[:1] == "#"
    }
    assert {"spec-name", "spec-lease", "purpose"} <= targets <= set(page.ids) | {"main"}
    for name in ("spec-name", "spec-lease", "purpose"):
        [field] = [e for e in page.elements if e.attributes.get("id") == name]
        assert field.attributes["aria-invalid"] == "true"
        assert f"{name}-error" in field.attributes["aria-describedby"].split()


def test_the_button_without_javascript_updates_the_preview(world: World, browse: Browse) -> None:
    answer = browse(world.alice).post(ADDRESS, {**GOOD, "do": "preview"})
    page = read(answer)
    assert answer.status_code == 200
    assert "guardrails.yaml" in page.text
    assert "Platform: 1 approval by a platform admin" in page.text
    assert page.value("spec-name") == "iris-blue-payments"
    assert not Request.objects.exists()


def test_the_live_preview_shows_files_and_saves_nothing(world: World, browse: Browse) -> None:
    answer = browse(world.alice).post(f"{ADDRESS}preview/", GOOD)
    page = read(answer)
    assert "3 files in 1 repository" in " ".join(page.text.split())
    assert "<html" not in answer.content.decode()
    assert not Request.objects.exists()


def test_the_preview_says_what_is_missing_with_the_fields_name(
    world: World, browse: Browse
) -> None:
    answer = browse(world.alice).post(f"{ADDRESS}preview/", {**GOOD, "purpose": ""})
    assert "Purpose: This is needed." in read(answer).text


def test_the_form_means_the_same_payload_as_the_same_json() -> None:
    posted = QueryDict(mutable=True)
    posted["spec-name"] = " plum "
    posted["spec-owners"] = "alice\r\n\r\n bob \r\n"
    posted.setlist("spec-clusters", ["dev-1", "dev-2"])
    posted["spec-size_class"] = "small"
    operation = OPERATIONS["onboard-tenant"]
    wish = read_form(operation, posted)
    assert wish.payload == {
        "name": "plum",
        "owners": ["alice", "bob"],
        "clusters": ["dev-1", "dev-2"],
        "size_class": "small",
    }
    assert read_payload(operation, wish.payload).problems == ()


def test_editing_a_submitted_request_makes_a_new_revision(world: World, browse: Browse) -> None:
    request = world.submitted()
    address = f"/requests/{request.number}/edit/"
    form = read(browse(world.alice).get(address))
    typed = {**GOOD, "spec-network": "isolated", "cost_centre": "CC-9"}
    typed |= {"version": form.value("version"), "do": "submit"}
    assert browse(world.alice).post(address, typed).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.revision_number, request.cost_centre) == (
        "submitted",
        2,
        "CC-9",
    )


def test_an_edit_over_somebody_elses_edit_is_refused_and_kept(world: World, browse: Browse) -> None:
    request = world.submitted()
    address = f"/requests/{request.number}/edit/"
    version = read(browse(world.alice).get(address)).value("version")
    world.approve(world.submitted("iris-blue-other"))
    browse(world.alice).post(address, {**GOOD, "version": version, "do": "submit"})
    late = browse(world.alice).post(
        address, {**GOOD, "cost_centre": "CC-late", "version": version, "do": "submit"}
    )
    assert late.status_code == 409
    assert read(late).value("cost_centre") == "CC-late"
    request.refresh_from_db()
    assert request.cost_centre == "CC-1042"


def test_a_returned_request_is_edited_and_submitted_in_one_step(
    world: World, browse: Browse
) -> None:
    request = world.submitted()
    browse(world.bob).post(f"/requests/{request.number}/return/", {"comment": "smaller"})
    address = f"/requests/{request.number}/edit/"
    version = read(browse(world.alice).get(address)).value("version")
    browse(world.alice).post(address, {**GOOD, "version": version, "do": "submit"})
    request.refresh_from_db()
    assert (request.status, request.revision_number) == ("submitted", 2)
