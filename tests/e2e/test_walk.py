"""The five minutes of the README, in a real browser: from the form to merged manifests."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Product, SignIn

pytestmark = pytest.mark.xdist_group("product")  # one process starts it, and has all of these


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
def test_from_the_form_to_merged_manifests(
    product: Product, sign_in: SignIn, javascript: bool
) -> None:
    name = f"iris-blue-walk-{'js' if javascript else 'plain'}"
    alice = sign_in("alice", javascript=javascript)
    page = alice.open("/requests/new/add-namespace/")
    page.fill("#spec-name", name)
    page.check("input[name='spec-clusters'][value='dev-1']")
    page.check("input[name='spec-size_class'][value='small']")
    page.fill("#purpose", "The walk of the README")
    page.click("button[value=submit]")
    expect(page.locator("h1")).to_contain_text(name)
    expect(page.locator("main")).to_contain_text("waiting for approval")
    path = page.url.removeprefix(product.url)

    bob = sign_in("bob", javascript=javascript)
    review = bob.open("/")
    review.get_by_role("link", name=re.compile(name)).first.click()
    expect(review.locator("main")).to_contain_text(f"tenants/dev-1/iris-blue/{name}/namespace.yaml")
    review.get_by_role("button", name="Approve").click()
    expect(review.locator("main")).to_contain_text("Approved")

    forge = _await_pull_request(review, product.url + path)
    review.goto(forge)
    review.get_by_role("button", name=re.compile("^Merge")).first.click()
    expect(review.locator("main")).to_contain_text(re.compile("merged", re.IGNORECASE))

    _await_text(alice.page, product.url + path, "Merged.")
    expect(alice.open("/namespaces/").locator("main")).to_contain_text(name)
    merged = product.git("show", f"main:tenants/dev-1/iris-blue/{name}/namespace.yaml")
    assert f"name: {name}\n" in merged
    assert alice.complaints == []
    assert bob.complaints == []


def test_two_browsers_that_approve_at_once_give_one_decision(
    product: Product, sign_in: SignIn
) -> None:
    alice = sign_in("alice")
    page = alice.open("/requests/new/add-namespace/")
    page.fill("#spec-name", "iris-blue-twice")
    page.check("input[name='spec-clusters'][value='dev-1']")
    page.check("input[name='spec-size_class'][value='small']")
    page.fill("#purpose", "Two at once")
    page.click("button[value=submit]")
    path = page.url.removeprefix(product.url)

    bob, carol = sign_in("bob"), sign_in("carol")
    first, second = bob.open(path), carol.open(path)
    first.get_by_role("button", name="Approve").click()
    expect(first.locator("main")).to_contain_text("approved")
    second.get_by_role("button", name="Approve").click()
    expect(second.locator("body")).to_contain_text(re.compile("moved on|is approved"))
    told = alice.open(path).locator("main").inner_text()
    assert told.count("bob approved") >= 1
    assert "carol approved" not in told


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_fit_and_the_console_stays_silent(
    product: Product, sign_in: SignIn, width: int, theme: str
) -> None:
    bob = sign_in("bob", width=width, theme=theme)
    for path in (
        "/",
        "/requests/",
        "/requests/new/",
        "/requests/new/onboard-tenant/",
        "/tenants/",
        "/tenants/iris-blue/",
        "/namespaces/",
        "/clusters/",
        "/clusters/dev-1/",
        "/forge/",
        "/forge/platform/fleet/",
        "/forge/platform/fleet/pulls/",
    ):
        page = bob.open(path)
        assert page.locator("h1").count() == 1, path
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, path
    assert bob.complaints == []


def _await_pull_request(page, url: str) -> str:  # type: ignore[no-untyped-def]
    """The address of the request's pull request, once the worker has opened it."""
    for _ in range(60):
        page.goto(url)
        link = page.locator("main a[href*='/pulls/']")
        if link.count():
            return str(link.first.evaluate("a => a.href"))
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("main").inner_text())


def _await_text(page, url: str, text: str) -> None:  # type: ignore[no-untyped-def]
    for _ in range(90):
        page.goto(url)
        if text in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("main").inner_text())
