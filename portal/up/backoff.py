"""How soon a child that ended is started again."""

from dataclasses import dataclass, field

STEPS = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the first, second, … restart in a row; the last one is the cap."""
STEADY = 60.0
"""A child that lived this many seconds starts over at the first step."""


@dataclass
class Backoff:
    """The memory of one child's restarts."""

    in_a_row: int = field(default=0)

    def ended(self, *, lived: float) -> float:
        """The child ended after `lived` seconds: how many seconds to wait before the next start."""
        self.in_a_row = 1 if lived >= STEADY else self.in_a_row + 1
        return STEPS[min(self.in_a_row, len(STEPS)) - 1]

    @property
    def at_cap(self) -> bool:
        """Whether the longest wait was reached just now."""
        return self.in_a_row == len(STEPS)
