"""What the local forge remembers: one JSON document per pull request, and the event log.

The documents live in the tree of `refs/gatehouse/meta`, below directories of at most a hundred
entries, so that a change costs the same with three pull requests and with twenty thousand:

    state.json                   the next numbers to give out
    repository.json              id, default branch, archived
    pulls/<n / 100>/<n>.json     one pull request
    open/<n / 100>/<n>           there while it is open
    heads/<aa>/<sha256>.json     source branch to target branch to numbers
    events/<n / 100>/<n>.json    one event
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from gitops.forges.base import PullRequestState

STATE = "state.json"
REPOSITORY = "repository.json"
OPEN = "open/"
Json = dict[str, Any]


def pull_path(number: int) -> str:
    return f"pulls/{number // 100:04d}/{number}.json"


def open_path(number: int) -> str:
    return f"{OPEN}{number // 100:04d}/{number}"


def event_path(sequence: int) -> str:
    return f"events/{sequence // 100:04d}/{sequence}.json"


def heads_path(head: str) -> str:
    digest = hashlib.sha256(head.encode()).hexdigest()
    return f"heads/{digest[:2]}/{digest}.json"


def encode(document: Json) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def decode(text: bytes) -> Json:
    document: Json = json.loads(text)
    return document


class Action(StrEnum):
    """What happened to a pull request; also the word in the event log and in webhooks."""

    OPENED = "opened"
    EDITED = "edited"
    PUSHED = "pushed"
    COMMENTED = "commented"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    BRANCH_DELETED = "branch-deleted"
    BRANCH_RESTORED = "branch-restored"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a pull request's history. `by` is empty where git alone was used.

    `text` is the comment's body, the new source commit after a push, or why the forge itself
    closed it.
    """

    action: Action
    by: str
    at: str  # RFC 3339, UTC
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A merge that was begun: enough to finish the book-keeping if its process died."""

    commit: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request with its history.

    `head_commit` follows the source branch while open. `base_commit` is the target branch's commit
    when the portal last looked before the change landed: the diff is taken from there.
    """

    number: int
    title: str
    body: str
    state: PullRequestState
    head: str
    head_commit: str
    base: str
    base_commit: str
    author: str
    created_at: str
    updated_at: str
    labels: tuple[str, ...] = ()
    merge_commit: str | None = None
    history: tuple[Entry, ...] = ()
    intent: Intent | None = None

    @property
    def is_open(self) -> bool:
        return self.state is PullRequestState.OPEN

    @property
    def comments(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.history if entry.action is Action.COMMENTED)

    def record(self, action: Action, *, by: str, at: str, text: str = "", **changes: Any) -> Self:
        """This pull request with one more line of history, and with `changes` made."""
        entry = Entry(action=action, by=by, at=at, text=text)
        return replace(self, history=(*self.history, entry), updated_at=at, **changes)

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Json) -> Self:
        history = (Entry(**{**e, "action": Action(e["action"])}) for e in document["history"])
        intent = document["intent"]
        return cls(
            **{
                **document,
                "state": PullRequestState(document["state"]),
                "labels": tuple(document["labels"]),
                "history": tuple(history),
                "intent": Intent(**intent) if intent else None,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the event log: what a webhook tells. `sequence` starts at 1, without gaps."""

    sequence: int
    action: Action
    pull_request: int
    state: PullRequestState
    head_commit: str
    by: str
    at: str

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Json) -> Self:
        return cls(
            **{
                **document,
                "action": Action(document["action"]),
                "state": PullRequestState(document["state"]),
            }
        )
