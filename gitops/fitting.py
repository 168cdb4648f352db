"""Does the target branch still hold what an approved change was planned from? PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gitops.changes import blob_id


class Fit(StrEnum):
    """How stored changes lie on the branch as it is now."""

    FRESH = "fresh"  # every path holds what it held when the change was planned
    THERE = "there"  # every path already holds what the change would write
    STALE = "stale"  # some path holds something else


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One stored file change: blob ids, `None` for an absent file."""

    path: str
    before: str | None
    after: str | None


def stored(path: str, before: str | None, after_text: str | None) -> Stored:
    after = None if after_text is None else blob_id(after_text)
    return Stored(path=path, before=before, after=after)


def fit(changes: Iterable[Stored], now: Mapping[str, str | None]) -> Fit:
    """Compare with `now`: path to blob id; a path that is not in it is absent.

    A change whose paths are partly done and partly untouched is stale: what a person approved was
    the step from one whole state to another.
    """
    known = tuple(changes)
    if all(now.get(c.path) == c.after for c in known):
        return Fit.THERE
    if all(now.get(c.path) == c.before for c in known):
        return Fit.FRESH
    return Fit.STALE
