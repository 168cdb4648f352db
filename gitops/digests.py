"""Digests: the short name of exactly the bytes that people approve. Pure.

A change set's digest covers the repository, the branch and each file's path, the state it was
compared with and its new text. A request's covers the digests of all its change sets. Who keeps a
file afterwards is the portal's own bookkeeping and not part of it.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Protocol


class Hashed(Protocol):
    """What of a file change is approved. `gitops.changes.FileChange` and its row both fit."""

    @property
    def path(self) -> str: ...
    @property
    def before(self) -> str | None: ...
    @property
    def after(self) -> str | None: ...


def change_set_digest(repository_id: str, target_branch: str, changes: Iterable[Hashed]) -> str:
    """ "sha256:<hex>" over canonical JSON; the order of `changes` does not matter."""
    files = sorted(
        ({"path": c.path, "before": c.before, "after": c.after} for c in changes),
        key=lambda file: file["path"] or "",
    )
    return _digest({"repository": repository_id, "branch": target_branch, "files": files})


def request_digest(change_set_digests: Iterable[str]) -> str:
    """ "sha256:<hex>" over the sorted digests of a request's change sets."""
    return _digest(sorted(change_set_digests))


def _digest(value: object) -> str:
    """Canonical: sorted keys, no spaces, ASCII only, so equal values are equal bytes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
