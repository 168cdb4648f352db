"""Nothing secret reaches a log, however it is logged."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from portal import log

KNOWN = "canary-9f8e7d6c5b4a-known"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """A file that a handler of our own format writes."""
    path = tmp_path / "test.log"
    options = log.configuration(level="INFO", form="json", folder=tmp_path)["formatters"]["file"]
    handler = logging.FileHandler(path)
    handler.setFormatter(options.pop("()")(**options))
    logger = logging.getLogger("tests.ops")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    log.hide(KNOWN)
    yield path
    logger.removeHandler(handler)
    handler.close()
    log._known.clear()


@pytest.mark.parametrize(
    "secret",
    [
        KNOWN,
        base64.b64encode(KNOWN.encode()).decode(),
        "ghp_" + "a1B2" * 9,
        "ghs_123456_eyJhbGciOi.eyJpc3MiOiIx-_" + "x" * 40 + ".sig-nature_" + "y" * 40,
        "github_pat_11ABCDEFG0" + "abcdefghij_KLMNOP",
        "glpat-" + "abcDEF123_-" * 2,
        "gh_4f2a9c1b." + "S3cret-_part" * 3,
    ],
)
def test_known_secrets_and_tokens_are_hidden_everywhere(written: Path, secret: str) -> None:
    plain, structured = logging.getLogger("tests.ops"), structlog.get_logger("tests.ops")
    plain.warning("pushing with %s failed", secret)
    plain.warning("a mapping %s", {"deep": [secret]})
    structured.warning("event", where={"deep": [f"x {secret} y"]}, error=ValueError(secret))
    try:
        raise RuntimeError(f"remote said {secret}")
    except RuntimeError:
        plain.exception("went wrong")
    text = written.read_text()
    assert len(text.splitlines()) == 4
    assert "remote said [hidden]" in text
    assert secret not in text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("https://bot:pa55@git.example/x.git", "https://[hidden]@git.example/x.git"),
        ("https://token@git.example/x.git", "https://[hidden]@git.example/x.git"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("{'Authorization': 'Basic Ym90OnB3'}", "{'Authorization': 'Basic [hidden]'}"),
        ("AUTHORIZATION: token abc", "AUTHORIZATION: token [hidden]"),
        ("mail alice@example.com about #12", "mail alice@example.com about #12"),
        ("http://127.0.0.1:8000/forge/iris-blue/apps/", "http://127.0.0.1:8000/forge/iris-blue/apps/"),
        ("gatehouse/iris-blue/17-1f0c9a3e", "gatehouse/iris-blue/17-1f0c9a3e"),
    ],
)  # fmt: skip
def test_credentials_in_text_are_hidden_and_the_rest_is_not(text: str, cleaned: str) -> None:
    assert log.clean(text) == cleaned


def test_values_under_telling_names_are_hidden_whatever_they_are(written: Path) -> None:
    structlog.get_logger("tests.ops").warning("e", password="x", forge_token="y", count=3)
    line = json.loads(written.read_text())
    assert (line["password"], line["forge_token"], line["count"]) == ("[hidden]", "[hidden]", 3)


def test_a_short_known_secret_does_not_hide_words() -> None:
    log.hide("demo")
    assert log.clean("the demo fleet") == "the demo fleet"
