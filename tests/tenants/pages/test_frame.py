"""Sign-in, theme, menu and error pages."""

import re

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.views.defaults import permission_denied

from tenants import freezing
from tenants.views import errors
from tenants.views.rows import PHASES
from tests.tenants.pages.conftest import Browse
from tests.tenants.pages.reading import read
from tests.world import PASSWORD, World


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password=PASSWORD)


def test_signing_in_and_out(alice: User, client: Client) -> None:
    typed = {"username": "alice", "password": PASSWORD, "next": "/requests/"}
    assert client.post("/accounts/login/", typed)["Location"] == "/requests/"
    assert "alice" in read(client.get("/")).text
    assert client.get("/accounts/logout/").status_code == 405, "a link never signs anybody out"
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


def test_a_wrong_password_says_so_and_keeps_the_name(alice: User, client: Client) -> None:
    page = read(client.post("/accounts/login/", {"username": "alice", "password": "x"}))
    assert "do not match" in page.text
    assert page.value("username") == "alice"


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https:evil.example", "\\\\evil.example"])
def test_signing_in_leads_nowhere_else(alice: User, client: Client, elsewhere: str) -> None:
    typed = {"username": "alice", "password": PASSWORD, "next": elsewhere}
    assert client.post("/accounts/login/", typed)["Location"] == "/"
    assert client.post("/theme/", {"theme": "dark", "next": elsewhere})["Location"] == "/"


@pytest.mark.parametrize(("demo", "loopback", "shown"), [(1, 1, 1), (0, 1, 0), (1, 0, 0)])
def test_demo_accounts_are_shown_in_a_demo_on_this_machine_only(
    alice: User,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    demo: int,
    loopback: int,
    shown: int,
) -> None:
    monkeypatch.setattr(settings, "DEMO", bool(demo))
    monkeypatch.setattr(settings, "PUBLIC_URL_IS_LOOPBACK", bool(loopback))
    assert ("Demo accounts" in read(client.get("/accounts/login/")).text) is bool(shown)


def test_a_demo_password_of_ones_own_is_not_printed(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DEMO", True)
    monkeypatch.setattr(settings, "DEMO_PASSWORD", "correct horse")
    page = client.get("/accounts/login/").content.decode()
    assert "Demo accounts" in page
    assert "correct horse" not in page


def test_the_theme_is_a_cookie(alice: User, client: Client) -> None:
    assert "data-theme" not in client.get("/accounts/login/").content.decode()
    client.post("/theme/", {"theme": "dark", "next": "/requests/"})
    assert '<html lang="en" data-theme="dark">' in client.get("/accounts/login/").content.decode()
    client.post("/theme/", {"theme": "system"})
    assert "data-theme" not in client.get("/accounts/login/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/accounts/login/").content.decode()


def test_the_menu_knows_where_one_is_and_what_waits(world: World, browse: Browse) -> None:
    world.submitted()
    for address, current in (
        ("/", "/"),
        ("/requests/", "/requests/"),
        ("/requests/new/onboard-tenant/", "/requests/new/"),
        ("/tenants/iris-blue/", "/tenants/"),
    ):
        page = read(browse(world.bob).get(address))
        marked = {e.attributes["href"] for e in page.all("a", aria_current="page")}
        assert marked == {current}, address
        assert [e.text.strip() for e in page.all("span", class_="count")] == ["1", "1"]
    assert not read(browse(world.alice).get("/")).all("span", class_="count")


def test_every_phase_has_its_words() -> None:
    source = (settings.BASE_DIR / "tenants/phases.py").read_text()
    keys = set(re.findall(r'key="([a-z-]+)"', source)) | {
        "closing",
        "rejected",
        "withdrawn",
        "expired",
    }
    assert keys == set(PHASES)


def test_403_says_why() -> None:
    request = RequestFactory().get("/")
    answer = permission_denied(request, PermissionDenied("Only on <Tuesdays>."))
    assert answer.status_code == 403
    assert "Only on &lt;Tuesdays&gt;." in answer.content.decode()
    unnamed = permission_denied(request, PermissionDenied())
    assert "does not have the right" in unnamed.content.decode()


def test_500_needs_nothing_and_names_the_request() -> None:
    request = RequestFactory().get("/")
    request.id = "0123-abcd"  # type: ignore[attr-defined]
    answer = errors.server_error(request)
    assert answer.status_code == 500
    assert "0123-abcd" in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post("/requests/new/onboard-tenant/", {"do": "draft"})
    assert answer.status_code == 403
    assert "This form is out of date" in answer.content.decode()


def test_a_freeze_is_said_on_every_page(client: Client, world: World) -> None:
    client.force_login(world.alice)
    assert b"is frozen" not in client.get("/").content
    freezing.freeze(by="bob", reason="incident <4711>")
    for path in ("/", "/requests/", "/clusters/", "/forge/"):
        assert b"Gatehouse is frozen: incident &lt;4711&gt;" in client.get(path).content, path
