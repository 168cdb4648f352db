"""Keeps the children of `manage.py up` running until told to stop."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType

from portal.up.child import Child
from portal.up.probe import Probe

PATIENCE = 60.0
"""Seconds until the web server must have answered `/readyz` with 200 for the first time."""
FALSE_STARTS = 3
"""A child that ends this often before that is not going to start."""
_LOOK = 0.2


class Supervisor:
    """Starts the children, restarts those that end, and stops all of them in order.

    1. Every child is started; `/readyz` is asked until it answers 200; `announce` is called.
    2. A child that ends is started again, after a wait that grows with each failure in a row.
    3. On SIGINT or SIGTERM, or when `is_orphaned` says so, the children are asked to finish in the
       order of `stop_order`, each with its time; what is left then is killed. A second signal
       kills at once.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        stop_order: Sequence[tuple[frozenset[str], float]],
        probe: Probe,
        announce: Callable[[], None],
        say: Callable[[str], None],
        is_orphaned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._children = tuple(children)
        self._stop_order = tuple(stop_order)
        self._probe = probe
        self._announce = announce
        self._say = say
        self._is_orphaned = is_orphaned
        self._signals = 0
        # Both ends close on exec; a child is given the reading end by number. Nobody ever writes.
        self._pipe, self._held = os.pipe()

    def run(self) -> int:
        """Until stopped. 0 after a wished stop, 1 when the tree did not become ready."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPING}
        try:
            return self._watch()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._held)
            os.close(self._pipe)

    def _watch(self) -> int:
        ready, deadline = False, time.monotonic() + PATIENCE
        while not self._signals and not self._is_orphaned():
            self._tend()
            if not ready:
                reason = self._probe.look()
                ready = not reason
                if ready:
                    self._announce()
                elif self._is_hopeless() or time.monotonic() > deadline:
                    self._say(f"Gatehouse did not become ready: {reason}.")
                    return 1
            time.sleep(_LOOK)
        return 0

    def _tend(self) -> None:
        for child in self._children:
            how = child.ended()
            if how is not None:
                self._say(_sentence(child, how))
            if child.is_due() and not self._signals:
                child.start(self._pipe)

    def _is_hopeless(self) -> bool:
        return any(child.backoff.in_a_row >= FALSE_STARTS for child in self._children)

    def _stop(self) -> None:
        asked = self._signals
        for names, seconds in self._stop_order:
            group = [child for child in self._children if child.name in names]
            for child in group:
                child.terminate()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and self._signals <= max(asked, 1):
                if all(child.wait(0) for child in group):
                    break
                time.sleep(0.05)
        for child in self._children:
            child.kill()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _sentence(child: Child, how: str) -> str:
    text = f"{child.name} {how}; starting it again"
    if child.backoff.at_cap:
        return (
            f"{text} every 30 s from now on: it does not stay up. See its file in the logs folder."
        )
    return f"{text}."
