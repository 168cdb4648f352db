"""Rules for addresses of git repositories, branches and paths inside a repository. Pure."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from gitops.names import Verdict, broken

_URL_MAX = 1024
# %20 because projects of Azure DevOps may have spaces in their names.
_URL_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/@\[\]-]|%20)+")
_SCP = re.compile(r"(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/0-9].*)")
_HOST = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.I)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_PATH = re.compile(r"(?:/[A-Za-z0-9_~](?:[A-Za-z0-9._~-]|%20)*)+/?")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_SYNC_PATH = re.compile(r"\./(?:[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*)?")


def git_url(value: str, *, allow_insecure_hosts: Collection[str] = ()) -> Verdict:
    """An address Flux can clone from: https or ssh, with no secret in it.

    `allow_insecure_hosts` are hosts, "name" or "name:port", that may be reached by http as well:
    the local forge on the loopback address.
    """
    if not value:
        return broken("required", "The repository's address is missing.")
    if len(value) > _URL_MAX:
        return broken("too-long", f"The repository's address is longer than {_URL_MAX} characters.")
    if fixed := _from_scp(value):
        return broken("git-url-scp", f"Write the address as {fixed} for Flux to read it.")
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return _not_an_address()
    return _scheme(parts, allow_insecure_hosts) or _rest(value, parts)


def _from_scp(value: str) -> str:
    """The ssh:// form of git@host:path; "" for anything else."""
    scp = None if "//" in value else _SCP.fullmatch(value)
    fixed = f"ssh://{scp['user'] or 'git'}@{scp['host']}/{scp['path']}" if scp else ""
    return fixed if fixed and not git_url(fixed) else ""


def _not_an_address() -> Verdict:
    example = "https://forge.example.com/team/repository.git"
    return broken("git-url", f"The address has to look like {example} for Flux to read it.")


def _scheme(parts: SplitResult, insecure: Collection[str]) -> Verdict:
    if parts.scheme in {"https", "ssh"}:
        return ()
    host = (parts.hostname or "").lower()
    if parts.scheme == "http" and {host, f"{host}:{parts.port}"} & {h.lower() for h in insecure}:
        return ()
    return broken("git-url-scheme", "The repository's address begins with https:// or ssh://.")


def _rest(value: str, parts: SplitResult) -> Verdict:
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        return broken(
            "git-url-credential",
            "Leave user name and password out of the address; "
            "whoever reads the platform repository would see them.",
        )
    if not _URL_CHARACTERS.fullmatch(value) or ".." in value or not _PATH.fullmatch(parts.path):
        return _not_an_address()
    if "@" in parts.netloc and not _USER.fullmatch(parts.username or ""):
        return _not_an_address()
    return () if _is_host(parts.hostname or "") else _not_an_address()


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _HOST.fullmatch(host) is not None
    try:
        return bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def branch(value: str) -> Verdict:
    """The name of a branch, narrower than git's own rule (git-check-ref-format)."""
    if not value:
        return broken("required", "The branch is missing.")
    parts = value.split("/")
    ugly = ".." in value or any(
        not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts
    )
    if ugly or not _BRANCH.fullmatch(value):
        detail = f"{value!r} is not a branch's name; write it like main or team/next."
        return broken("branch", detail)
    return ()


def sync_path(value: str) -> Verdict:
    """Where in the tenant's repository Flux looks: "./" and a directory, no way out of it."""
    if not value:
        return broken("required", "The path is missing.")
    segments = [segment.lower() for segment in value.split("/")]
    if not _SYNC_PATH.fullmatch(value) or ".git" in segments or len(value) > 512:
        detail = "The path begins with ./ and names a directory, like ./clusters/dev-1"
        return broken("sync-path", detail)
    return ()
