"""What stops a start: one clear sentence each."""

import os
import socket
from pathlib import Path

import pytest

from portal.up import preflight
from portal.up.preflight import CannotStart
from tests.portal.ops.tree import environ, free_port, manage


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = manage("up", env=environ(tmp_path / "data", port))
    assert result.returncode == 1
    assert result.stderr == (
        f"Port {port} on 127.0.0.1 is taken: stop what listens there,"
        " or choose another with PORT=….\n"
    )


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """Root may write anywhere, so the folder lies below something that is no folder."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "data"


def test_a_data_folder_that_cannot_be_written(unwritable: Path) -> None:
    result = manage("up", env=environ(unwritable, free_port()))
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert f"GATEHOUSE_DATA names {unwritable}, where Gatehouse cannot write" in result.stderr


def test_the_data_folder_is_tried_even_when_the_secret_key_is_elsewhere(unwritable: Path) -> None:
    with pytest.raises(CannotStart, match=f"cannot write in its data folder {unwritable} "):
        preflight.prepare_data_folder(unwritable)


def test_a_database_that_is_away(tmp_path: Path) -> None:
    away = {"DATABASE_URL": "postgres://me:hunter2hunter2@127.0.0.1:1/gatehouse"}
    result = manage("up", env=environ(tmp_path / "data", free_port(), **away))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("The database cannot be used (")
    assert "see DATABASE_URL" in result.stderr
    assert "hunter2" not in result.stderr


def test_no_git(tmp_path: Path) -> None:
    result = manage("up", env=environ(tmp_path / "data", free_port(), PATH=str(tmp_path)))
    assert result.returncode == 1
    assert result.stderr == (
        "Gatehouse needs git, and there is none on PATH: install it and try again.\n"
    )


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotStart, match=r"cannot listen on 192\.0\.2\.1 .* with HOST="):
        preflight.check_address("192.0.2.1", free_port())


def test_a_free_address_passes_even_right_after_use() -> None:
    port = free_port()
    preflight.check_address("127.0.0.1", port)
    preflight.check_address("127.0.0.1", port)


def test_demo_accounts_stay_on_this_machine() -> None:
    with pytest.raises(CannotStart, match="DEMO=0"):
        preflight.check_demo(demo=True, debug=False, loopback=False)
    preflight.check_demo(demo=True, debug=False, loopback=True)
    preflight.check_demo(demo=False, debug=False, loopback=False)


def test_up_asks_for_all_of_it(tmp_path: Path) -> None:
    public = {"DEMO": "1", "PUBLIC_URL": "https://gatehouse.example.com"}
    result = manage("up", env=environ(tmp_path / "data", free_port(), **public))
    assert result.returncode == 1
    assert "demo accounts are refused" in result.stderr


def test_the_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    held = preflight.lock_data_folder(tmp_path)
    with pytest.raises(CannotStart, match=f"process {os.getpid()}\\)"):
        preflight.lock_data_folder(tmp_path)
    held.close()
    preflight.lock_data_folder(tmp_path).close()
