"""A forge that fails as it is told to, and a fuse that blows between any two steps of delivery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from typing import Any

import pytest
from django.utils import timezone

from gitops.delivery.claims import Claim
from gitops.delivery.connecting import forge_for
from gitops.git.mirror import Mirror
from gitops.models import ChangeSet, Connection, Repository
from tenants import queries
from tenants.models import Request
from tests.world import World

FORGE_CALLS = (
    "find_pull_request",
    "create_pull_request",
    "get_pull_request",
    "update_pull_request",
    "close_pull_request",
    "delete_branch",
)
WRITING_CALLS = frozenset(
    {"create_pull_request", "update_pull_request", "close_pull_request", "delete_branch", "comment"}
)


class Killed(BaseException):
    """The worker died here: nothing catches it, and nothing is tidied up after it."""


@dataclass
class Script:
    """What the forge does next: by call, the error of its next answers; and what was called."""

    before: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda name: None
    around: Callable[[str, Callable[..., Any]], Callable[..., Any]] = lambda name, call: call

    def wrap(self, name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        call = self.around(name, inner)

        @wraps(inner)
        def scripted(*args: Any, **kwargs: Any) -> Any:
            self.called.append(name)
            self.on_call(name)
            if queue := self.before.get(name):
                raise queue.pop(0)
            answer = call(*args, **kwargs)
            if queue := self.after.get(name):
                raise queue.pop(0)  # done, but the answer is lost
            return answer

        return scripted


class FaultyForge:
    """Delegates to the real client, as the script lets it."""

    def __init__(self, inner: Any, script: Script) -> None:
        self._inner = inner
        self._script = script

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._script.wrap(name, found) if name in {*FORGE_CALLS, "comment"} else found


def install(script: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    def faulty(connection: Connection) -> FaultyForge:
        return FaultyForge(forge_for(connection), script)

    monkeypatch.setattr("gitops.delivery.engine.forge_for", faulty)
    return script


@dataclass
class Fuse:
    """Counts the steps a worker passes, and kills it at the one it is set to."""

    blows_at: int | None = None
    passed: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        self.passed.append(name)
        if self.blows_at is not None and len(self.passed) == self.blows_at:
            raise Killed(name)

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def fused(*args: Any, **kwargs: Any) -> Any:
            answer = call(*args, **kwargs)
            self.step(f"after {name}")
            return answer

        return fused


FUSED = (
    "gitops.delivery.engine.mirror_for",
    "gitops.delivery.snapshot.look",
    "gitops.delivery.settling.land",
    "gitops.moving.record",
    "gitops.moving.advance",
)
FUSED_MIRROR = ("fetch", "remote_refs", "commit_many", "push")


@contextmanager
def fused(fuse: Fuse, script: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Between any two effects of delivery, in git, on the forge or in the database, is a step.

    A killed worker does not let go of its claim either.
    """
    with monkeypatch.context() as patch:
        for target in FUSED:
            module, _, name = target.rpartition(".")
            real = getattr(__import__(module, fromlist=[name]), name)
            patch.setattr(target, fuse.around(target.removeprefix("gitops."), real))
        for name in FUSED_MIRROR:
            patch.setattr(Mirror, name, fuse.around(f"git {name}", getattr(Mirror, name)))
        patch.setattr(script, "around", lambda name, call: fuse.around(f"forge {name}", call))
        patch.setattr(Claim, "release", lambda self: None)
        yield


def the_dead_are_forgotten() -> None:
    """As if the time of their claims had run out, and that of whatever made us wait."""
    now = timezone.now()
    Repository.objects.exclude(claim_token=None).update(claimed_until=now - timedelta(seconds=1))
    Repository.objects.update(rung_at=None)
    Connection.objects.update(paused_until=None)


def due(*rows: ChangeSet) -> None:
    """It is time for these rows."""
    ChangeSet.objects.filter(pk__in=[row.pk for row in rows], next_run_at__isnull=False).update(
        next_run_at=timezone.now()
    )


def recover(world: World, *rows: ChangeSet) -> None:
    """A worker that lives takes over, until nothing of these rows is due."""
    the_dead_are_forgotten()
    for _ in range(3):
        due(*rows)
        world.deliver()


def row_of(request: Request) -> ChangeSet:
    """The only change set of the request's current revision, as it is now."""
    [row] = queries.change_sets_of(Request.objects.get(pk=request.pk))
    return ChangeSet.objects.get(pk=row.pk)
