"""Query strings, read strictly: a typing mistake is a 400 that names it, never a full list."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, OrderBy
from django.http import QueryDict

from gitops.errors import Problem
from tenants.api.problems import BadQuery

LIMIT, MOST = 50, 200
_FURTHEST = 999_999_999
_LONGEST = 200  # SQLite refuses very long LIKE patterns


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which part of a list is asked for."""

    limit: int = LIMIT
    offset: int = 0


class Parameters:
    """Read what a view knows, then `check()`: it raises `BadQuery` with every complaint at once."""

    def __init__(self, given: QueryDict) -> None:
        self._given = given
        self._known: list[str] = []
        self._problems: list[Problem] = []

    def window(self) -> Window:
        """`limit` and `offset`."""
        return Window(
            limit=self._number("limit", LIMIT, lowest=1, highest=MOST),
            offset=self._number("offset", 0, lowest=0, highest=_FURTHEST),
        )

    def text(self, name: str) -> str:
        """One free text, trimmed; empty when it is not given."""
        return self._single(name).strip()

    def words(self, name: str, allowed: Collection[str] | None = None) -> list[str]:
        """Every value of a filter that may be repeated, each from `allowed` when that is closed."""
        values = [value for value in self._values(name) if self._is_sane(name, value)]
        unknown = [v for v in values if allowed is not None and v not in allowed]
        if allowed is not None and unknown:
            self._complain(name, "unknown-value", f"takes one of: {', '.join(sorted(allowed))}")
        return values

    def ordering(self, allowed: Mapping[str, str], default: str) -> list[OrderBy]:
        """`ordering=-created_at,number` by the allowed words, each with the column behind it.

        Rows without a value come last either way, on both databases.
        """
        words = [word for word in self._single("ordering", default).split(",") if word]
        if any(word.removeprefix("-") not in allowed for word in words):
            takes = f"takes, each with or without “-”: {', '.join(allowed)}"
            self._complain("ordering", "unknown-value", takes)
            return []
        return [_order(word, allowed) for word in words]

    def check(self) -> None:
        """Raises `BadQuery` when anything was wrong, or a parameter nobody reads was given."""
        for name in self._given:
            if name not in self._known:
                known = ", ".join(self._known) or "no parameters"
                self._complain(name, "unknown-parameter", f"is not known here; there is: {known}")
        if self._problems:
            raise BadQuery(self._problems)

    def _values(self, name: str) -> Sequence[str]:
        self._known.append(name)
        return self._given.getlist(name)

    def _single(self, name: str, default: str = "") -> str:
        values = self._values(name)
        if len(values) > 1:
            self._complain(name, "repeated", "can be given once only")
        return values[0] if values and self._is_sane(name, values[0]) else default

    def _number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        text = self._single(name, str(default))
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if lowest <= number <= highest:
            return number
        self._complain(name, "out-of-range", f"takes a whole number from {lowest} to {highest}")
        return default

    def _is_sane(self, name: str, value: str) -> bool:
        if "\0" in value:
            self._complain(name, "malformed", "cannot hold the character NUL")
        elif len(value) > _LONGEST:
            self._complain(name, "too-long", f"can be at most {_LONGEST} characters long")
        else:
            return True
        return False

    def _complain(self, name: str, code: str, what: str) -> None:
        """`name` may be anything a caller made up: cut, and escaped as RFC 6901 asks."""
        shown = name[:60]
        pointer = "/query/" + shown.replace("~", "~0").replace("/", "~1")
        self._problems.append(
            Problem(pointer=pointer, code=code, detail=f"The parameter “{shown}” {what}.")
        )


def _order(word: str, allowed: Mapping[str, str]) -> OrderBy:
    column = F(allowed[word.removeprefix("-")])
    if word.startswith("-"):
        return column.desc(nulls_last=True)
    return column.asc(nulls_last=True)
