"""The event log, and webhooks with fixed vectors."""

import json

import pytest

from gitops.forges.base import BadSignature, Invalid, PullRequestDraft, RepositoryPath
from gitops.forges.local import events, merging, pulls, repository
from gitops.forges.local.documents import Action
from tests.gitops.forges.conftest import PATH, Branches, LocalFarSide

# The worked example in GitHub's documentation, "Validating webhook deliveries".
PUBLISHED_SECRET = b"It's a Secret to Everybody"
PUBLISHED_BODY = b"Hello, World!"
PUBLISHED_SIGNATURE = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

SECRET = b"k" * 32
BODY = b'{"delivery":"d-1","event":"pull_request","pull_request":3,"repository":"platform/fleet"}'


def headers(**changes: str) -> dict[str, str]:
    plain = {
        "X-Gatehouse-Event": "pull_request",
        "X-Gatehouse-Delivery": "d-1",
        "X-Gatehouse-Signature-256": events.sign(BODY, SECRET),
    }
    renamed = {name.replace("_", "-"): value for name, value in changes.items()}
    return {**plain, **renamed}


def test_signs_as_the_published_example() -> None:
    assert events.sign(PUBLISHED_BODY, PUBLISHED_SECRET) == f"sha256={PUBLISHED_SIGNATURE}"


def test_reads_a_good_one() -> None:
    event = events.verify(headers(), BODY, [SECRET])
    assert (event.delivery_id, event.event, event.pull_request) == ("d-1", "pull_request", 3)
    assert event.repository == RepositoryPath(owner="platform", name="fleet")


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256",
        events.sign(BODY, SECRET)[:-1],
        events.sign(BODY, SECRET) + "0",
        events.sign(BODY, SECRET).removeprefix("sha256="),
        events.sign(BODY, SECRET).upper(),
        "sha256=" + events.sign(BODY, SECRET)[7:].upper(),
        events.sign(BODY, SECRET).replace("sha256", "sha1"),
        " " + events.sign(BODY, SECRET),
        events.sign(BODY, SECRET) + ", " + events.sign(BODY, SECRET),
        "sha256=" + "ä" * 64,
        "sha256=\udcff",
        "sha256=" + "0" * 64,
        events.sign(BODY, b""),
        events.sign(b"", SECRET),
        events.sign(BODY + b" ", SECRET),
        events.sign(BODY, SECRET + b"k"),
    ],
)
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        events.verify(headers(X_Gatehouse_Signature_256=signature), BODY, [SECRET])


def test_another_forges_header_is_no_signature() -> None:
    given = headers()
    value = given.pop("X-Gatehouse-Signature-256")
    for name in ("X-Hub-Signature-256", "X-Gitea-Signature", "Webhook-Signature"):
        with pytest.raises(BadSignature):
            events.verify({**given, name: value}, BODY, [SECRET])


@pytest.mark.parametrize("secrets", [[], [b""], [b"", b""]])
def test_an_empty_secret_verifies_nothing(secrets: list[bytes]) -> None:
    forged = headers(X_Gatehouse_Signature_256=events.sign(BODY, b""))
    with pytest.raises(BadSignature):
        events.verify(forged, BODY, secrets)


@pytest.mark.parametrize("change", [{"X_Gatehouse_Event": "push"}, {"X_Gatehouse_Delivery": "d-2"}])
def test_headers_that_are_not_signed_must_agree_with_the_body(change: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        events.verify(headers(**change), BODY, [SECRET])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"{" * 100,
        BODY.replace(b"3", b'"x"'),
        BODY.replace(b"3", b"null"),
        BODY.replace(b"platform/fleet", b"fleet"),
        BODY.replace(b'"platform/fleet"', b"7"),
    ],
)
def test_a_signed_body_that_cannot_be_read_is_invalid(body: bytes) -> None:
    signed = headers(X_Gatehouse_Signature_256=events.sign(body, SECRET))
    with pytest.raises(Invalid):
        events.verify(signed, body, [SECRET])


def test_a_webhook_needs_a_secret(far: LocalFarSide, branches: Branches) -> None:
    walk(far, branches)
    facts = repository.facts(far.bare, PATH)
    with pytest.raises(ValueError, match="secret"):
        events.delivery(facts, events.pending_events(far.bare)[0], b"")


def walk(far: LocalFarSide, branches: Branches) -> None:
    branches(["x"])
    pulls.open_pull(far.bare, PullRequestDraft(head="x", base="main", title="x"), by="gatehouse")
    pulls.comment(far.bare, 1, "why?", by="alice")
    pulls.close(far.bare, 1, comment="no", by="bob")
    pulls.reopen(far.bare, 1, by="bob")
    far.push("x", {"x": "1\n"})
    merging.merge(far.bare, 1, by="bob")


def test_the_log_tells_what_happened_in_order(far: LocalFarSide, branches: Branches) -> None:
    walk(far, branches)
    found = events.pending_events(far.bare)
    assert [(event.sequence, event.action, event.by) for event in found] == [
        (1, Action.OPENED, "gatehouse"),
        (2, Action.COMMENTED, "alice"),
        (3, Action.COMMENTED, "bob"),
        (4, Action.CLOSED, "bob"),
        (5, Action.REOPENED, "bob"),
        (6, Action.PUSHED, ""),
        (7, Action.MERGED, "bob"),
    ]
    assert events.pending_events(far.bare, 5, limit=1) == found[5:6]
    assert events.pending_events(far.bare, 99) == ()


def test_the_cursor_moves_forward_alone(far: LocalFarSide, branches: Branches) -> None:
    walk(far, branches)
    assert events.delivered(far.bare) == 0
    events.mark_delivered(far.bare, 4)
    events.mark_delivered(far.bare, 2)
    assert events.delivered(far.bare) == 4
    assert [event.sequence for event in events.pending_events(far.bare)] == [5, 6, 7]
    assert "refs/gatehouse/delivered" not in far.clone.remote_refs()


def test_a_repeated_delivery_is_the_same_to_the_byte(far: LocalFarSide, branches: Branches) -> None:
    walk(far, branches)
    facts = repository.facts(far.bare, PATH)
    event = events.pending_events(far.bare)[-1]
    first, second = (events.delivery(facts, event, SECRET) for _ in range(2))
    assert first == second
    assert json.loads(first.body) == {
        "action": "merged",
        "at": event.at,
        "by": "bob",
        "delivery": first.headers["X-Gatehouse-Delivery"],
        "event": "pull_request",
        "head_commit": far.branch("x"),
        "pull_request": 1,
        "repository": "platform/fleet",
        "state": "merged",
    }
    assert SECRET.decode() not in repr(first)
