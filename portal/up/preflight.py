"""What must hold before the tree starts. Each failure is one sentence that says what to do."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from typing import IO


class CannotStart(Exception):
    """The reason, for the person at the terminal."""


def check_tools() -> None:
    """git is the one program Gatehouse runs."""
    if shutil.which("git") is None:
        raise CannotStart(
            "Gatehouse needs git, and there is none on PATH: install it and try again."
        )


def prepare_data_folder(folder: Path) -> None:
    """Make the data folder, for this account only, and try to write in it."""
    trial = folder / f".trial-{os.getpid()}"
    try:
        for path in (folder, folder / "logs", folder / "secrets"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise CannotStart(
            f"Gatehouse cannot write in its data folder {folder} ({error.strerror or error}):"
            " choose another with DATA=… or GATEHOUSE_DATA."
        ) from error


def lock_data_folder(folder: Path) -> IO[str]:
    """Take the data folder for this process; freed when it ends, however it ends.

    The file must stay open for as long as the lock is wanted.
    """
    file = (folder / "portal.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        pid = file.read().strip() or "unknown"
        file.close()
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise CannotStart(
                f"The data folder {folder} cannot be locked ({error.strerror}):"
                " it must be on a local disk."
            ) from error
        raise CannotStart(
            f"Another Gatehouse (process {pid}) already runs on the data folder {folder}:"
            " stop it, or choose another folder with DATA=…."
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def check_address(host: str, port: int) -> None:
    """The address is ours and free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen(1)
        except OSError as error:
            raise CannotStart(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken:"
            " stop what listens there, or choose another with PORT=…."
        )
    if error.errno == errno.EACCES:
        return f"This account may not listen on port {port}: choose one above 1023 with PORT=…."
    return (
        f"Gatehouse cannot listen on {host} ({error.strerror or error}):"
        " choose an address of this machine with HOST=…."
    )


def check_demo(*, demo: bool, debug: bool, loopback: bool) -> None:
    """Accounts with a printed password are for a machine nobody else reaches."""
    if demo and not debug and not loopback:
        raise CannotStart(
            "The demo accounts are refused where PUBLIC_URL is not a loopback address:"
            " start with DEMO=0."
        )
