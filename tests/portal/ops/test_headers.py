"""Headers every response carries, whatever answered it."""

import re

import pytest
from django.test import Client

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/nowhere/", 404),
        ("/static/admin/css/base.css", 200),
        ("/admin/", 302),
    ],
)
def test_every_kind_of_response_is_protected(
    db: None, client: Client, path: str, status: int
) -> None:
    response = client.get(path)
    response.close()  # a static file's
    assert response.status_code == status
    assert response["Content-Security-Policy"] == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f-]{36}", response["X-Request-ID"])


@pytest.mark.parametrize("given", ["abcdefgh", "0123-4567.89_AB", "a" * 64])
def test_a_sane_request_id_is_kept(client: Client, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "spaces in it", "new\nline-here", "<b>bold</b>"]
)
def test_any_other_request_id_is_replaced(client: Client, given: str) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"]
    assert answered != given
    assert re.fullmatch(r"[0-9a-f-]{36}", answered)


def test_the_request_id_is_in_the_log_of_that_request_only(
    db: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="portal.request")
    client.get("/nowhere/", headers={"X-Request-ID": "first-request"})
    client.get("/nowhere/", headers={"X-Request-ID": "second-request"})
    records = [r for r in caplog.records if r.name == "portal.request"]
    lines: list[dict[str, object]] = [vars(r)["msg"] for r in records]
    assert [line["request_id"] for line in lines] == ["first-request", "second-request"]
    assert lines[0]["status"] == 404
    assert lines[0]["path"] == "/nowhere/"


def test_health_and_static_files_stay_out_of_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="portal.request")
    client.get("/healthz")
    assert not [r for r in caplog.records if r.name == "portal.request"]
