"""What is true of the local forge's store at any moment, whoever was killed in the middle."""

from dataclasses import dataclass
from typing import Self

from gitops.forges.base import PullRequestState
from gitops.forges.local import following
from gitops.forges.local.bare import Bare
from gitops.forges.local.documents import (
    STATE,
    Event,
    Pull,
    event_path,
    heads_path,
    pull_path,
)
from gitops.forges.local.meta import pull_ref, read
from tests.gitops.forges.clone import git


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything in the store, read at once; no number may be lacking."""

    pulls: list[Pull]
    events: list[Event]
    open_numbers: list[int]

    @classmethod
    def of(cls, bare: Bare) -> Self:
        [state] = read(bare, [STATE])
        assert state
        numbers, sequences = range(1, state["next_pull_request"]), range(1, state["next_event"])
        documents = read(bare, [*map(pull_path, numbers), *map(event_path, sequences)])
        assert all(documents), "a number was given out and what it stands for was lost"
        found = [document for document in documents if document]
        return cls(
            pulls=[Pull.from_json(document) for document in found[: len(numbers)]],
            events=[Event.from_json(document) for document in found[len(numbers) :]],
            open_numbers=following.open_numbers(bare),
        )


def check(bare: Bare) -> Store:
    """Everything that must hold, before anybody looks and after; the store after that."""
    store = Store.of(bare)
    _indexes_agree(bare, store)
    _every_change_was_logged(store)
    following.follow_all(bare)
    store = Store.of(bare)
    _indexes_agree(bare, store)
    _refs_agree(bare, store)
    _merges_are_real(bare, store)
    return store


def check_objects(bare: Bare) -> None:
    """Nothing that is referred to is missing."""
    git("fsck", "--connectivity-only", "--no-dangling", cwd=bare.directory)


def all_refs(bare: Bare) -> dict[str, str]:
    listed = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=bare.directory)
    return dict(line.split(" ") for line in listed.splitlines())


def _indexes_agree(bare: Bare, store: Store) -> None:
    assert store.open_numbers == [pull.number for pull in store.pulls if pull.is_open]
    entries = read(bare, [heads_path(pull.head) for pull in store.pulls])
    for pull, entry in zip(store.pulls, entries, strict=True):
        same = [p for p in store.pulls if (p.head, p.base) == (pull.head, pull.base)]
        opened = [p.number for p in same if p.is_open]
        assert len(opened) <= 1, "two are open between the same branches"
        expected = {"open": opened[0] if opened else None, "newest": same[-1].number}
        assert (entry or {}).get(pull.base) == expected


def _every_change_was_logged(store: Store) -> None:
    last = {event.pull_request: event for event in store.events}
    for pull in store.pulls:
        assert last[pull.number].state is pull.state


def _refs_agree(bare: Bare, store: Store) -> None:
    refs = all_refs(bare)
    for pull in store.pulls:
        assert refs[pull_ref(pull.number)] == pull.head_commit
        if pull.is_open:
            assert refs[f"refs/heads/{pull.head}"] == pull.head_commit


def _merges_are_real(bare: Bare, store: Store) -> None:
    """Each merged one is on main, and everything on main came from a merged one."""
    merged = [pull for pull in store.pulls if pull.state is PullRequestState.MERGED]
    commits = {pull.merge_commit for pull in merged}
    assert len(commits) == len(merged)
    on_main = git("log", "--first-parent", "--format=%H %s", "main", cwd=bare.directory)
    landed = {line.split(" ")[0] for line in on_main.splitlines() if "#" in line}
    assert landed == commits
