"""The container files say nothing that the repository does not have."""

import importlib.util
import re
from typing import Any

import pytest
import yaml

from portal.environment import VARIABLES
from tests.portal.ops.tree import ROOT

OURS = ("migrate", "web", "worker", "scheduler")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_the_services_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*OURS, "postgres", "redis"}


def words(service: dict[str, Any]) -> list[list[str]]:
    check = service.get("healthcheck", {}).get("test", [])
    return [command for command in (service.get("command"), check[1:]) if command]


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(compose: dict[str, Any], name: str) -> None:
    for command in words(compose["services"][name]):
        assert command[0] == "python"
        if command[1] == "-m":
            assert importlib.util.find_spec(command[2]), command
        else:
            assert (ROOT / command[1]).is_file(), command


@pytest.mark.parametrize("name", OURS)
def test_the_environment_is_what_settings_read(compose: dict[str, Any], name: str) -> None:
    given = compose["services"][name]["environment"]
    assert {key.removesuffix("_FILE") for key in given} <= {v.name for v in VARIABLES}


def test_secrets_come_from_files_only(compose: dict[str, Any]) -> None:
    secret = {v.name for v in VARIABLES if v.secret} - {"CELERY_BROKER_URL"}  # ours has none in it
    for name, service in compose["services"].items():
        assert not secret & set(service.get("environment", {})), name
        for key, value in service.get("environment", {}).items():
            if key.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(set(entry) == {"file"} for entry in compose["secrets"].values())


def test_only_the_web_server_is_reachable_and_only_from_this_machine(
    compose: dict[str, Any],
) -> None:
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_the_image_runs_as_nobody_special_from_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r /requirements.lock" in text
    assert text.index("USER gatehouse") < text.index("\nCMD")
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(re.findall(r"^COPY (\w+) /app/", text, re.MULTILINE))
