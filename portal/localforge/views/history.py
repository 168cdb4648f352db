"""What happened to a pull request, in words: its timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gitops.forges.local.documents import Action, Entry, Pull
from portal.localforge import texts

_WORDS: Mapping[Action, tuple[str, str]] = {  # what the person did, tone of the line
    Action.OPENED: ("opened this pull request", "run"),
    Action.EDITED: ("changed the title or text", ""),
    Action.PUSHED: ("pushed to the source branch", ""),
    Action.COMMENTED: ("commented", ""),
    Action.CLOSED: ("closed this pull request", "bad"),
    Action.REOPENED: ("reopened this pull request", "run"),
    Action.MERGED: ("merged this pull request", "good"),
    Action.BRANCH_DELETED: ("deleted the source branch", ""),
    Action.BRANCH_RESTORED: ("restored the source branch", ""),
}
_WITH_COMMIT = (Action.PUSHED, Action.MERGED, Action.BRANCH_RESTORED)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the timeline. `said` is a comment as blocks, `why` a reason of the forge."""

    at: datetime
    who: str
    what: str
    tone: str
    commit: str = ""
    why: str = ""
    said: tuple[texts.Block, ...] = ()


def timeline(pull: Pull) -> tuple[Event, ...]:
    """Everything that happened, oldest first."""
    return tuple(_event(entry) for entry in pull.history)


def _event(entry: Entry) -> Event:
    what, tone = _WORDS[entry.action]
    is_comment = entry.action is Action.COMMENTED
    return Event(
        at=datetime.fromisoformat(entry.at),
        who=entry.by or "somebody using git",
        what=what,
        tone=tone,
        commit=entry.text if entry.action in _WITH_COMMIT else "",
        why=entry.text if entry.action is Action.CLOSED else "",
        said=texts.blocks(entry.text) if is_comment else (),
    )
