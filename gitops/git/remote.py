"""How git reaches a repository: an address that was checked, and settings that are secret."""

import base64
import binascii
import contextlib
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gitops.errors import Cause, DeliveryError

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.IGNORECASE)
_SETTING = re.compile(r"http\.(\S+\.)?[a-z][a-z0-9]*", re.IGNORECASE)
_SHORTEST_SECRET = 6  # a shorter word in a header is a word, and scrubbing it would hide text


class UnsafeRemote(DeliveryError):
    """The address or its settings are none that we let git use. The sentence names no secret."""

    cause = Cause.PERMISSION


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Where a repository is and how to get in.

    `url` is https, http for a loopback host, or a path (also as file://) of a directory below
    `allow_file_below`; never with user info. `config` are git settings of the section `http`, such
    as http.extraHeader: secret, handed over in the child's environment only.
    Raises UnsafeRemote.
    """

    url: str
    config: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    allow_file_below: Path | None = None

    def __post_init__(self) -> None:
        for key, value in self.config:
            if not _SETTING.fullmatch(key):
                raise UnsafeRemote("only settings of the section http may be given for a remote")
            if re.search(r"[\x00-\x1f\x7f]", value):
                raise UnsafeRemote(f"the value of {key} contains control characters")
        self._parse()

    @property
    def is_http(self) -> bool:
        """Whether the repository is reached over HTTP or HTTPS."""
        return not self._is_path()

    @property
    def protocol(self) -> str:
        """The one word for GIT_ALLOW_PROTOCOL: https, http or file."""
        return "file" if self._is_path() else urlsplit(self.url).scheme

    def address(self) -> str:
        """What git is given. For a path: looked up now, links followed, and still below the folder.

        Asked again for each use, since a link may have changed in between.
        """
        return self._parse()

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the settings' values could show up in a message."""
        found: set[str] = set()
        for _, value in self.config:
            words = [value, *value.replace(":", " ").split()]
            for word in words:
                found.update((word, *_decoded(word)))
        return tuple(word for word in found if len(word) >= _SHORTEST_SECRET)

    def _is_path(self) -> bool:
        return self.url.startswith(("/", "file:"))

    def _parse(self) -> str:
        return self._path() if self._is_path() else self._web()

    def _web(self) -> str:
        if _UNSAFE.search(self.url):
            raise UnsafeRemote("the repository's URL contains characters that no URL has")
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise UnsafeRemote("the repository's URL cannot be read") from None
        if parts.scheme not in ("https", "http"):
            raise UnsafeRemote("the repository's URL must start with https://")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise UnsafeRemote("the repository's URL must have no user, query or fragment")
        if not _HOST.fullmatch(parts.netloc.removesuffix(f":{parts.port}")):
            raise UnsafeRemote("the repository's URL has no usable host")
        if parts.scheme == "http" and not _is_loopback(host):
            raise UnsafeRemote("http without TLS is for this machine only; use https")
        return self.url

    def _path(self) -> str:
        if self.allow_file_below is None:
            raise UnsafeRemote("this connection may not use repositories on this machine's disk")
        path = Path(self._local_name()).resolve()
        # Compared segment by segment: /data/forge-of-others is not below /data/forge.
        if not path.is_relative_to(self.allow_file_below.resolve()):
            raise UnsafeRemote("the repository's path is outside the folder that is allowed")
        return str(path)

    def _local_name(self) -> str:
        name = self.url
        if name.startswith("file:"):
            parts = urlsplit(name)
            if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
                raise UnsafeRemote("a file URL must name this machine and a path only")
            name = unquote(parts.path)
        if not name.startswith("/") or re.search(r"[\x00-\x1f\x7f]", name):
            raise UnsafeRemote("the repository's path must be absolute and printable")
        return name


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _decoded(word: str) -> tuple[str, ...]:
    """The user:password of a Basic header, whole and its second half."""
    with contextlib.suppress(binascii.Error, ValueError):
        plain = base64.b64decode(word, validate=True).decode("utf-8")
        if plain.isprintable():
            return plain, plain.partition(":")[2]
    return ()
