"""Secrets by name: a file below the data folder's `secrets/`, readable by this account only."""

import os
import re
import secrets
from pathlib import Path

from django.conf import settings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def path(name: str) -> Path:
    """Where the secret lives. Raises `ValueError` for a name that is not a plain file name."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError(f"{name!r} is not a secret's name")
    return Path(settings.GATEHOUSE_DATA) / "secrets" / name


def read(name: str) -> bytes:
    """The secret, without a trailing line break. Raises `FileNotFoundError` naming the file."""
    return path(name).read_bytes().rstrip(b"\r\n")


def ensure(name: str, *, length: int = 32) -> bytes:
    """The secret, made up on first use: `length` random bytes, as URL-safe text."""
    make(path(name), length=length)
    return read(name)


def make(target: Path, *, length: int) -> None:
    """Put a new secret into `target` unless there is one. Needs no settings.

    Two processes may ask at once: the one that links its file first wins, whole or not at all.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not target.exists():
        draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_urlsafe(length).encode())
        try:
            os.link(draft, target)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
