"""What git prints when it fails, and what that means for the next try.

One table, read top to bottom: the first text that is found decides. The words are git's own
(2.39, LANG=C), libcurl's, and those of GitHub, GitLab, Azure DevOps and Gitea.
"""

import re
from collections.abc import Iterable
from functools import cache

from gitops.errors import Cause, DeliveryError

FAILURES: tuple[tuple[Cause, tuple[str, ...]], ...] = (
    # A forge that says when, before its status code says less.
    (Cause.RATE_LIMITED, (r"returned error: 429", r"rate limit", r"too many requests")),
    # Rights; before the credential, as some forges answer 403 with a reason.
    (Cause.PERMISSION, (
        r"archived so it is read-only", r"repository (is|was) archived", r"is read-only",
        r"TF401027", r"not allowed to (push|upload|pull|download)", r"permission to .* denied",
        r"write access to repository not granted", r"returned error: 403", r"HTTP 403",
        r"detected dubious ownership", r"transport '.*' not allowed", r"permission denied",
    )),
    # The credential, or the server's proof of who it is: a person looks at the connection.
    (Cause.CREDENTIAL, (
        r"authentication failed", r"invalid username or (password|token)", r"bad credentials",
        r"could not read (username|password)", r"terminal prompts disabled", r"TF400813",
        r"returned error: 401", r"HTTP 401", r"HTTP basic: access denied",
        r"support for password authentication was removed", r"certificate verif",
        r"ssl certificate", r"certificate problem", r"unable to get local issuer",
        r"self[- ]signed certificate", r"no alternative certificate subject",
    )),
    # The repository or the branch is not there (any more).
    (Cause.MISSING, (
        r"couldn't find remote ref", r"remote branch .* not found", r"TF401019",
        r"repository '?.*'? (not found|does not exist)", r"project .* not found",
        r"does not appear to be a git repository", r"is this a git repository",
        r"returned error: (404|410|30[1278])", r"unable to update url base from redirection",
    )),
    # The network and the machine: later it may work.
    (Cause.TRANSIENT, (
        r"could ?n(o|')t resolve host", r"failed to connect", r"couldn't connect",
        r"connection (refused|reset|timed out|closed)", r"network is unreachable",
        r"no route to host", r"operation timed out", r"operation too slow",
        r"returned error: (408|5\d\d)", r"RPC failed", r"early EOF", r"unexpected disconnect",
        r"hung up", r"broken pipe", r"empty reply", r"transfer closed", r"invalid index-pack",
        r"gnutls", r"ssl_(connect|read|write)", r"ssl_error", r"tls connect", r"handshake",
        r"no space left", r"disk quota", r"out of memory", r"cannot allocate",
        r"too many open files", r"resource temporarily unavailable",
        r"cannot lock ref", r"unable to create '.*\.lock'", r"unable to update local ref",
    )),
)  # fmt: skip

# The mirror itself is broken (a power cut, a full disk). It is a cache: it can be made again.
_DAMAGED = (
    r"is corrupt", r"object file .* is empty", r"bad (tree )?object",
    r"unable to (find|read) (tree|sha1 file|[0-9a-f]{40})", r"does not point to a valid object",
    r"inflate: data stream", r"(pack|file) .* (cannot be accessed|is far too short|does not match)",
    r"not a git repository", r"could not parse (object|commit)", r"failed to load tree",
    r"missing (blob|tree|commit) object", r"exists; cannot create",
    r"not a (valid )?(object|commit|tree)",
)  # fmt: skip
_FIRST_HAND = re.compile(rf"^(?!remote:).*({'|'.join(_DAMAGED)})", re.IGNORECASE | re.MULTILINE)

_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+@")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_LONGEST = 4000


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


def classify(stderr: str) -> Cause:
    """Why git failed, from what it printed. BUG when no row knows the text."""
    for cause, texts in FAILURES:
        if any(_pattern(text).search(stderr) for text in texts):
            return cause
    return Cause.BUG


def scrub(raw: bytes, secrets: Iterable[str] = ()) -> str:
    """git's output as text that may be shown: no user info in URLs, no secret, no control codes."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for secret in sorted(set(secrets), key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    text = _CONTROL.sub("", _USERINFO.sub("***@", text)).strip()
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}\n…\n{text[-half:]}"


def _sentence(stderr: str) -> str:
    """The line that says most: the first that a row of the table knows, else git's last word."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    known = (line for line in lines if classify(line) is not Cause.BUG)
    return next(known, lines[-1] if lines else "no message")[:300]


class GitFailed(DeliveryError):
    """git ended with a status that was not expected.

    `command` is the subcommand, `status` its exit status (negative: the signal that ended it),
    `stderr` is scrubbed. Nothing of the argument list or the environment is in here.
    """

    def __init__(self, command: str, status: int, stderr: str) -> None:
        self.command, self.status, self.stderr = command, status, stderr
        cause = Cause.TRANSIENT if status < 0 or self.damaged else classify(stderr)
        super().__init__(f"git {command} failed ({status}): {_sentence(stderr)}", cause=cause)

    @property
    def damaged(self) -> bool:
        """Whether the text says that the local repository is broken."""
        return _FIRST_HAND.search(self.stderr) is not None


class DeadlinePassed(DeliveryError):
    """git took longer than it was given; its whole process group has been ended."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(
            f"git {command} was stopped after {seconds:g} s without an end", cause=Cause.TRANSIENT
        )
