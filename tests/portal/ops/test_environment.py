"""What settings refuse, by name; secrets that leave the environment; the example file."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import reference
from portal.environment import TAKEN, VARIABLES, Reader, for_our_child
from tests.portal.ops.tree import ROOT, environ, manage

KEY = "k" * 40


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Read settings anew in an environment of just these values."""

    def read(**values: str) -> dict[str, Any]:
        surroundings = environ(tmp_path / "data", 8000) | values
        if "PORT" not in values:
            del surroundings["PORT"]
        monkeypatch.setattr(os, "environ", surroundings)
        return runpy.run_path(str(ROOT / "portal" / "settings.py"))

    return read


def reader(tmp_path: Path, **values: str) -> Reader:
    return Reader({"GATEHOUSE_ENV_FILE": "", **values}, base=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "give a number, 1 to 65535"),
        ("PORT", "0", "give a number, 1 to 65535"),
        ("PORT", "65536", "give a number, 1 to 65535"),
        ("DEBUG", "maybe", "neither 1 nor 0"),
        ("DEMO", "2", "neither 1 nor 0"),
        ("PUBLIC_URL", "gatehouse.example.com", "http://, https://"),
        ("PUBLIC_URL", "https://h/with/path", "scheme, host and port only"),
        ("PUBLIC_URL", "https://user:pw@h", "scheme, host and port only"),
        ("PUBLIC_URL", "https://h:99999", "not a URL"),
        ("DATABASE_URL", "mysql://u:hunter2hunter2@h/db", "sqlite://, postgres://"),
        ("CELERY_BROKER_URL", "amqp://u:hunter2hunter2@h", "memory://, redis://"),
        ("GATEHOUSE_SCHEMAS", "/nowhere/at/all", "no folder"),
        ("LOG_LEVEL", "LOUD", "one of"),
        ("LOG_FORMAT", "xml", "one of"),
        ("SECRET_KEY", "short", "32 random characters"),
        ("SECRET_KEY_FILE", "/nowhere/at/all", "cannot be read"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    load: Callable[..., dict[str, Any]], name: str, value: str, says: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        load(**{name: value})
    assert name in str(refused.value)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_command_says_it_in_one_line(tmp_path: Path) -> None:
    result = manage("check", env=environ(tmp_path, 8000, LOG_LEVEL="LOUD"))
    assert result.returncode == 2
    assert result.stderr == "LOG_LEVEL='LOUD' is not one of DEBUG, INFO, WARNING, ERROR.\n"


def test_debug_is_refused_where_others_can_see(load: Callable[..., dict[str, Any]]) -> None:
    assert load(DEBUG="1", PUBLIC_URL="http://localhost:8000")["DEBUG"]
    with pytest.raises(ImproperlyConfigured, match=r"DEBUG=1 .* refused"):
        load(DEBUG="1", PUBLIC_URL="https://gatehouse.example.com")


def test_with_redis_the_secret_key_must_be_given(load: Callable[..., dict[str, Any]]) -> None:
    broker = "redis://127.0.0.1:1/0"
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        load(CELERY_BROKER_URL=broker)
    assert load(CELERY_BROKER_URL=broker, SECRET_KEY=KEY)["SECRET_KEY"] == KEY


@pytest.mark.parametrize("address", ["http://gatehouse.internal", "https://gatehouse.example.com"])
def test_cookies_are_secure_exactly_where_the_address_is(
    load: Callable[..., dict[str, Any]], address: str
) -> None:
    settings = load(PUBLIC_URL=address)
    is_https = address.startswith("https")
    assert settings["SESSION_COOKIE_SECURE"] is is_https
    assert settings["SESSION_COOKIE_NAME"].startswith("__Host-") is is_https
    assert settings["CSRF_COOKIE_NAME"].startswith("__Host-") is is_https
    assert settings["ALLOWED_HOSTS"][0] == address.partition("//")[2]
    assert settings["CSRF_TRUSTED_ORIGINS"] == [address]


def test_the_address_follows_host_and_port(load: Callable[..., dict[str, Any]]) -> None:
    assert load(PORT="9000")["PUBLIC_URL"] == "http://127.0.0.1:9000"
    assert load(HOST="::", PORT="9000")["PUBLIC_URL"] == "http://127.0.0.1:9000"
    assert load(HOST="::1")["PUBLIC_URL"] == "http://[::1]:8000"


def test_without_django_one_line_says_what_to_type() -> None:
    result = subprocess.run(
        [sys.executable, "-S", "-E", "manage.py", "check"],
        cwd=ROOT, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "make run" in result.stderr


def test_a_file_goes_before_the_value_and_its_line_end_is_not_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "host").write_text("from-file\n")
    env = reader(tmp_path, HOST="from-value", HOST_FILE=str(tmp_path / "host"))
    assert env.text("HOST") == "from-file"


def test_the_env_file_fills_in_what_the_environment_does_not_say(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOST=from-file\nPORT=9000\n")
    env = Reader({"HOST": "from-environment"}, base=tmp_path)
    assert env.text("HOST") == "from-environment"
    assert env.port("PORT", 8000) == 9000


def test_secrets_leave_the_environment_and_reach_our_children_only(tmp_path: Path) -> None:
    surroundings = {"GATEHOUSE_ENV_FILE": "", "SECRET_KEY": KEY, "HOST": "h"}
    env = Reader(surroundings, base=tmp_path)
    assert env.text("SECRET_KEY") == KEY
    assert KEY not in surroundings.values()
    assert for_our_child(surroundings, env.taken)["SECRET_KEY"] == KEY
    assert TAKEN not in for_our_child(surroundings, env.taken)
    # A process that inherits what is left must not go on with a default database.
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY was taken out"):
        Reader(surroundings, base=tmp_path).text("SECRET_KEY")


def test_no_secret_is_left_in_the_environment_of_a_process_that_read_its_settings(
    tmp_path: Path,
) -> None:
    secrets = {v.name: f"sqlite:///{tmp_path}/canary-{v.name}" for v in VARIABLES if v.secret}
    secrets["CELERY_BROKER_URL"] = "redis://:canary-password@127.0.0.1:1/0"
    code = "import os; from portal import settings; print(*os.environ.values())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environ(tmp_path, 8000, **secrets),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "canary" not in result.stdout


def test_a_secret_key_is_made_once(tmp_path: Path) -> None:
    code = "from portal import settings; print(settings.SECRET_KEY)"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT, env=environ(tmp_path / "data", 8000), stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    keys = {run.communicate()[0].strip() for run in runs}
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert os.listdir(tmp_path / "data" / "secrets") == ["secret_key"]  # no draft left  # noqa: PTH208


def test_every_variable_that_settings_read_is_declared_and_the_other_way_round() -> None:
    source = (ROOT / "portal" / "settings.py").read_text()
    read = set(re.findall(r'_env\.\w+\(\s*"([A-Z_]+)"', source))
    assert read | {"GATEHOUSE_ENV_FILE"} == {v.name for v in VARIABLES}


def test_the_example_file_lists_exactly_what_settings_read() -> None:
    text = (ROOT / ".env.example").read_text()
    assert re.findall(r"^# ([A-Z_]+)=", text, re.MULTILINE) == [
        v.name for v in VARIABLES if v.name != "GATEHOUSE_ENV_FILE"
    ]
    assert text == reference.env_example(), "make docs writes it"
