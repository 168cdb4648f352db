"""What the portal writes in git and on forges: branch names, commits, pull requests. PURE.

User text reaches a pull request only inside a fence longer than any run of backticks in it, with
every line quoted, so that no forge reads a mention, a quick action or a heading in it. Commit
messages hold no user text at all, only names from our own vocabulary.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

MARKER = "gatehouse"
_SUBJECT_LIMIT = 72
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One person's yes, as it is written under the change."""

    by: str
    stage: str


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    kind: str  # add, modify, delete
    path: str


@dataclass(frozen=True, kw_only=True)
class Sibling:
    """Another pull request of the same request, in the order they are best merged."""

    repository: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """The facts a change set's texts are written from, frozen when it was approved.

    `headline` is a few words for lists; without one, `sentence` is cut. `approved_at` is in whole
    seconds since the epoch, UTC: it dates the commit.
    """

    request_id: str
    number: int
    revision: int
    tenant: str
    operation: str
    sentence: str
    headline: str = ""
    requester: str
    approvals: tuple[Approval, ...] = ()
    purpose: str = ""
    cost_centre: str = ""
    external: str = ""
    url: str = ""
    digest: str = ""
    request_digest: str = ""
    approved_at: int = 0
    files: tuple[ChangedFile, ...] = field(default=())
    labels: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` wrote. Raises `TypeError` for keys of another version."""
        known = dict(data)
        known["approvals"] = tuple(Approval(**a) for a in known.get("approvals", ()))
        known["files"] = tuple(ChangedFile(**f) for f in known.get("files", ()))
        known["labels"] = tuple(known.get("labels", ()))
        return cls(**known)


def branch_name(*, tenant: str, number: int, request_id: str, suffix: str = "") -> str:
    """`gatehouse/<tenant>/<number>-<first 8 of the request's id>[-<suffix>]`.

    The id keeps a restored database, which may hand out a number again, from reusing a branch.
    """
    tail = f"-{suffix}" if suffix else ""
    return f"{MARKER}/{tenant}/{number}-{request_id[:8]}{tail}"


def one_line(text: str, limit: int = 200) -> str:
    """`text` without control characters or line breaks, at most `limit` characters."""
    clean = " ".join(_CONTROL.sub(" ", text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def title(context: Context) -> str:
    """The pull request's title and the commit's subject."""
    return one_line(context.headline or context.sentence, _SUBJECT_LIMIT)


def commit_message(context: Context) -> str:
    """Subject, who asked and approved, and trailers a machine can read."""
    approvers = ", ".join(one_line(a.by, 60) for a in context.approvals) or "nobody"
    trailers = [
        f"Gatehouse-Request: {context.request_id}",
        f"Gatehouse-Revision: {context.revision}",
        f"Gatehouse-Digest: {context.digest}",
        *(f"Approved-by: {one_line(a.by, 60)}" for a in context.approvals),
    ]
    return (
        f"{title(context)}\n\n"
        f"Asked by {one_line(context.requester, 60)}, approved by {approvers}.\n"
        f"{context.url}\n\n" + "\n".join(trailers) + "\n"
    )


def fenced(text: str) -> str:
    """User text as a forge cannot misread it: quoted lines in a fence it cannot break out of."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join([f"{fence}text", *(f"> {line}" for line in lines), fence])


def _cell(text: str) -> str:
    """Text for a table cell: escaped so that it can start no mark-up, mention or reference."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|<>~])", r"\\\1", one_line(text))
    return escaped.replace("@", "@\u200b").replace("/", "/\u200b") if "@" in escaped else escaped


def marker(context: Context) -> str:
    """A comment by which a pull request can be recognised without its branch."""
    return (
        f"<!-- {MARKER}:request={context.request_id};revision={context.revision};"
        f"digest={context.digest} -->"
    )


def body(context: Context, *, siblings: Sequence[Sibling] = (), limit: int = 60_000) -> str:
    """The pull request's body, at most `limit` characters.

    Sections are dropped from the least needed: first files past what fits, then the purpose. The
    marker, the link and the digest always stay.
    """
    head = _head(context)
    links = _links(context, siblings)
    tail = f"{marker(context)}\n"
    fixed = len(head) + len(links) + len(tail) + 8
    purpose = f"### Why\n\n{fenced(context.purpose)}\n\n" if context.purpose else ""
    if fixed + len(purpose) + 400 > limit:
        purpose = "### Why\n\nToo long for this forge; see the request.\n\n" if purpose else ""
    files = _files(context, limit - fixed - len(purpose))
    return f"{head}{purpose}{files}{links}{tail}"


def _head(context: Context) -> str:
    approvals = ", ".join(f"{_cell(a.by)} ({a.stage})" for a in context.approvals) or "nobody"
    rows = [
        ("Request", f"[#{context.number}]({context.url}), revision {context.revision}"),
        ("Asked by", _cell(context.requester)),
        ("Approved by", approvals),
        ("Tenant", f"`{context.tenant}`"),
    ]
    if context.cost_centre:
        rows.append(("Cost centre", _cell(context.cost_centre)))
    if context.external:
        rows.append(("Ticket", _cell(context.external)))
    rows.append(("Approved as", f"`{context.request_digest}`"))
    rows.append(("These files", f"`{context.digest}`"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"{one_line(context.sentence)}\n\n| | |\n|---|---|\n{table}\n\n"


def _files(context: Context, room: int) -> str:
    lines: list[str] = []
    used = 80
    for file in context.files:
        line = f"| {file.kind} | `{file.path}` |"
        used += len(line) + 1
        if used > room - 60:
            lines.append(f"| … | {len(context.files) - len(lines)} more, see the request |")
            break
        lines.append(line)
    return "### Files\n\n| | |\n|---|---|\n" + "\n".join(lines) + "\n\n"


def _links(context: Context, siblings: Sequence[Sibling]) -> str:
    if not siblings:
        return ""
    lines = [f"{i}. {s.repository}: {s.url}" for i, s in enumerate(siblings, start=1)]
    return (
        "### Belongs together\n\nMerge in this order:\n\n" + "\n".join(lines) + "\n\n"
        f"Close them together, or withdraw [request #{context.number}]({context.url}).\n\n"
    )


def described(title_text: str, body_text: str) -> str:
    """A fingerprint of what a pull request says, so that it is only rewritten when it differs."""
    return hashlib.sha256(f"{title_text}\n{body_text}".encode()).hexdigest()
