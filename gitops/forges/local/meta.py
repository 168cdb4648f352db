"""The commit chain `refs/gatehouse/meta`: read it, and move it by compare-and-swap.

One change to the store is one commit on the chain:

1. Under the repository's writer lock, read the chain's tip and the documents the change needs.
2. The change computes new documents; nothing is written yet.
3. Store the new commit. Killed here: unreferenced objects, which housekeeping removes.
4. One `git update-ref` transaction: first the `refs/pull/<n>/head` of the change, then the chain
   from the tip that was read. Killed between two refs: a pull ref that is ahead of its document,
   or that no document mentions yet. The next change writes both again.
5. If the chain moved meanwhile, start again from 1.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from gitops.forges.base import AlreadyExists, Archived, Missing, Unreachable
from gitops.forges.local.bare import Bare, Move, Signature
from gitops.forges.local.documents import (
    REPOSITORY,
    STATE,
    Action,
    Event,
    Json,
    Pull,
    decode,
    encode,
    event_path,
    heads_path,
    open_path,
    pull_path,
)

META = "refs/gatehouse/meta"
ATTEMPTS = 20
T = TypeVar("T")


def pull_ref(number: int) -> str:
    return f"refs/pull/{number}/head"


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read(bare: Bare, paths: Iterable[str], *, at: str = META) -> list[Json | None]:
    """The documents at `paths`, None where there is none.

    Without a commit as `at`, two documents may come from neighbouring states of the chain.
    """
    found = bare.objects(f"{at}:{path}" for path in paths)
    return [None if item is None else decode(item[1]) for item in found]


def read_pull(bare: Bare, number: int) -> Pull:
    """Raises `Missing`."""
    [document] = read(bare, [pull_path(number)])
    if document is None:
        raise Missing(f"There is no pull request #{number}.")
    return Pull.from_json(document)


class Change:
    """One change of the store in the making: documents as they were, and as they shall be."""

    def __init__(self, bare: Bare, *, tip: str, now: datetime) -> None:
        self.bare = bare
        self.tip = tip
        self.now = timestamp(now)
        self.refs: dict[str, str] = {}
        self._documents: dict[str, Json | None] = {}
        self._written: dict[str, bytes | None] = {}

    @property
    def is_empty(self) -> bool:
        return not self._written and not self.refs

    @property
    def written(self) -> dict[str, bytes | None]:
        return self._written

    def load(self, *paths: str) -> None:
        """Read several documents at once: a process for all instead of one for each."""
        wanted = [path for path in paths if path not in self._documents]
        found = read(self.bare, wanted, at=self.tip) if wanted else []
        self._documents.update(zip(wanted, found, strict=True))

    def get(self, path: str) -> Json | None:
        self.load(path)
        return self._documents[path]

    def put(self, path: str, document: Json) -> None:
        self._documents[path] = document
        self._written[path] = encode(document)

    def pull(self, number: int) -> Pull:
        """Raises `Missing`."""
        document = self.get(pull_path(number))
        if document is None:
            raise Missing(f"There is no pull request #{number}.")
        return Pull.from_json(document)

    def next_number(self) -> int:
        return self._take("next_pull_request")

    def store(self, pull: Pull, action: Action | None = None, *, by: str = "") -> Pull:
        """Write a pull request, keep the indexes true, and log `action` if there is one.

        Raises `AlreadyExists` when another one is open between the same two branches.
        """
        self.put(pull_path(pull.number), pull.to_json())
        self._index(pull)
        self.refs[pull_ref(pull.number)] = pull.head_commit
        if action:
            self._log(pull, action, by=by)
        return pull

    def numbers(self, head: str, base: str) -> tuple[int | None, int | None]:
        """(the open one, the newest one) from `head` into `base`."""
        entry = (self.get(heads_path(head)) or {}).get(base, {})
        return entry.get("open"), entry.get("newest")

    def _index(self, pull: Pull) -> None:
        path = heads_path(pull.head)
        bases = dict(self.get(path) or {})
        now_open, newest = self.numbers(pull.head, pull.base)
        if pull.is_open:
            if now_open not in (None, pull.number):
                raise AlreadyExists(
                    f"#{now_open} from {pull.head} into {pull.base} is open already."
                )
            now_open = pull.number
        elif now_open == pull.number:
            now_open = None
        newest = max(pull.number, newest or 0)
        if bases.get(pull.base) == {"open": now_open, "newest": newest}:
            return
        self.put(path, {**bases, pull.base: {"open": now_open, "newest": newest}})
        self._written[open_path(pull.number)] = b"" if pull.is_open else None

    def _log(self, pull: Pull, action: Action, *, by: str) -> None:
        event = Event(
            sequence=self._take("next_event"),
            action=action,
            pull_request=pull.number,
            state=pull.state,
            head_commit=pull.head_commit,
            by=by,
            at=self.now,
        )
        self.put(event_path(event.sequence), event.to_json())

    def _take(self, counter: str) -> int:
        state = self.get(STATE)
        if state is None:
            raise Unreachable("The store has lost its state document.")
        self.put(STATE, {**state, counter: state[counter] + 1})
        number: int = state[counter]
        return number


def mutate(bare: Bare, change: Callable[[Change], T], *, by: str, loads: Iterable[str] = ()) -> T:
    """Carry out one change; see the top of this module. Returns what `change` returns.

    `change` may be called again after a lost race, so it must not act beyond its `Change`.
    `loads` names documents it is known to need. Raises `Archived`, and whatever `change` raises.
    """
    with bare.lock() as held:
        return mutate_locked(held, change, by=by, loads=loads)


def mutate_locked(
    bare: Bare, change: Callable[[Change], T], *, by: str, loads: Iterable[str] = ()
) -> T:
    """`mutate` for a caller that holds the lock: `bare` is what `Bare.lock` gave."""
    for _ in range(ATTEMPTS):
        now = datetime.now(UTC)
        draft = Change(bare, tip=_tip(bare), now=now)
        draft.load(STATE, REPOSITORY, *loads)
        answer = change(draft)
        if draft.is_empty or _publish(draft, Signature(name=by or "gatehouse", at=now)):
            return answer
    raise Unreachable(f"{bare.directory.name} is busy.")


def _tip(bare: Bare) -> str:
    tip = bare.refs(META).get(META)
    if tip is None:
        raise Missing(f"{bare.directory.name} is not a repository of the local forge.")
    return tip


def _publish(draft: Change, signature: Signature) -> bool:
    if (draft.get(REPOSITORY) or {}).get("archived") and REPOSITORY not in draft.written:
        raise Archived("The repository is archived.")
    commit = draft.bare.write_commit(
        draft.written, parent=draft.tip, message="gatehouse\n", signature=signature
    )
    pulls = [Move(ref=ref, new=new) for ref, new in draft.refs.items()]
    return draft.bare.move_refs(*pulls, Move(ref=META, new=commit, old=draft.tip))
