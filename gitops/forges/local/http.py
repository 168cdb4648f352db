"""Read-only smart HTTP for the local forge's repositories: what `git clone` and Flux speak.

Source: gitprotocol-http(5) and gitprotocol-v2(5). `git upload-pack` does the work and keeps the
hidden refs hidden. The view that uses this decides who may read.
"""

import contextlib
import threading
import zlib
from collections.abc import Iterable, Iterator
from subprocess import Popen

from gitops.forges.base import Invalid, Unreachable
from gitops.forges.local.bare import Bare
from gitops.git.runner import end

SERVICE = "git-upload-pack"
ADVERTISEMENT_TYPE = f"application/x-{SERVICE}-advertisement"
REQUEST_TYPE = f"application/x-{SERVICE}-request"
RESULT_TYPE = f"application/x-{SERVICE}-result"
REQUEST_LIMIT = 16 * 1024 * 1024  # bytes of one request: what a client says it has and wants
DEADLINE = 600.0  # seconds for one answer
_CHUNK = 64 * 1024
_PROTOCOLS = ("version=1", "version=2")


def upload_pack_advertise(bare: Bare, *, protocol: str = "") -> Iterator[bytes]:
    """The answer to `GET info/refs?service=git-upload-pack`. `protocol` is the Git-Protocol header.

    Version 2 answers with capabilities; before that, a service line comes first.
    """
    if _protocol(protocol) != "version=2":
        yield _packet(f"# service={SERVICE}\n") + b"0000"
    yield from _upload_pack(bare, b"", protocol, "--http-backend-info-refs")


def upload_pack(
    bare: Bare, body: Iterable[bytes], *, protocol: str = "", encoding: str = ""
) -> Iterator[bytes]:
    """The answer to `POST git-upload-pack`.

    `body` gives the request in pieces, `encoding` is its Content-Encoding (git compresses longer
    ones with gzip). Raises `Invalid` before the first piece for a request that is too long or
    cannot be unpacked.
    """
    request = _request(body, encoding)
    return _upload_pack(bare, request, protocol)


def _upload_pack(bare: Bare, request: bytes, protocol: str, *options: str) -> Iterator[bytes]:
    version = _protocol(protocol)
    process = bare.runner.open(
        ("upload-pack", "--strict", "--stateless-rpc", *options, str(bare.directory)),
        git_dir=bare.directory,
        env_extra={"GIT_PROTOCOL": version} if version else None,
    )
    deadline = threading.Timer(DEADLINE, end, [process])
    writer = threading.Thread(target=_feed, args=(process, request), daemon=True)
    try:
        deadline.start()
        writer.start()
        yield from _answer(process)
    finally:
        deadline.cancel()
        deadline.join()
        end(process)
        writer.join()


def _answer(process: Popen[bytes]) -> Iterator[bytes]:
    if process.stdout is None:
        raise Unreachable("git upload-pack gave no answer.")
    while piece := process.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
        yield piece


def _feed(process: Popen[bytes], request: bytes) -> None:
    """Write the request while the answer is read: upload-pack answers before it has read all."""
    with contextlib.suppress(BrokenPipeError, ValueError):
        if process.stdin is not None:
            process.stdin.write(request)
            process.stdin.close()


def _request(body: Iterable[bytes], encoding: str) -> bytes:
    unpack = _unpacker(encoding)
    parts: list[bytes] = []
    total = 0
    for piece in body:
        parts.append(unpack(piece))
        total += len(parts[-1])
        if total > REQUEST_LIMIT:
            raise Invalid("The request is too long.")
    return b"".join(parts)


class _Gunzip:
    """Unpacks piece by piece, and never more than a request may be long."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def __call__(self, piece: bytes) -> bytes:
        try:
            return self._inner.decompress(piece, REQUEST_LIMIT + 1)
        except zlib.error as error:
            raise Invalid("The request cannot be unpacked.") from error


def _unpacker(encoding: str) -> "type[bytes] | _Gunzip":
    if encoding in ("gzip", "x-gzip"):
        return _Gunzip()
    if encoding in ("", "identity"):
        return bytes
    raise Invalid("The request's encoding is not one of gzip and identity.")


def _protocol(header: str) -> str:
    """The newest protocol version the client asks for that is known here; "" for the first."""
    asked = header.split(":")
    return next((version for version in reversed(_PROTOCOLS) if version in asked), "")


def _packet(line: str) -> bytes:
    return f"{len(line) + 4:04x}{line}".encode()
