"""The difference of two texts: as rows for a page and as text for tools. Pure.

Lines end at LF only, so that no other character can hide a line from a reviewer.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_LONG = 2_000  # characters; comparing longer lines word by word takes long and helps nobody
_Opcode = tuple[str, int, int, int, int]


class RowKind(StrEnum):
    CONTEXT = "context"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class DiffPart:
    """A piece of a line; `changed` when it differs from the line it is paired with."""

    text: str
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class DiffRow:
    """One line. Numbers count from 1; an added line has no `before`, a removed one no `after`."""

    kind: RowKind
    before: int | None
    after: int | None
    parts: tuple[DiffPart, ...]
    ends_without_newline: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class DiffHunk:
    """Neighbouring rows. Starts count from 1 (0 for an absent file), as `@@` lines show them."""

    before_start: int
    before_count: int
    after_start: int
    after_count: int
    rows: tuple[DiffRow, ...]

    @property
    def header(self) -> str:
        before = _range(self.before_start, self.before_count)
        return f"@@ -{before} +{_range(self.after_start, self.after_count)} @@"


def diff_rows(before: str | None, after: str | None, context: int = 3) -> tuple[DiffHunk, ...]:
    """Hunks of changed lines with `context` lines around them. None is a file that is absent."""
    old, new = _lines(before), _lines(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return tuple(_hunk(old, new, group) for group in matcher.get_grouped_opcodes(context))


def unified_diff(path: str, before: str | None, after: str | None) -> str:
    """The difference as `git apply` reads it; "" when there is none. None is an absent file."""
    if before == after:
        return ""
    head = [f"diff --git a/{path} b/{path}"]
    if before is None:
        head.append("new file mode 100644")
    if after is None:
        head.append("deleted file mode 100644")
    hunks = diff_rows(before, after)
    if hunks:
        head.append("--- /dev/null" if before is None else f"--- a/{path}")
        head.append("+++ /dev/null" if after is None else f"+++ b/{path}")
    return "\n".join([*head, *(line for hunk in hunks for line in _text(hunk))]) + "\n"


_SIGN = {RowKind.CONTEXT: " ", RowKind.ADDED: "+", RowKind.REMOVED: "-"}


def _text(hunk: DiffHunk) -> Iterator[str]:
    yield hunk.header
    for row in hunk.rows:
        yield _SIGN[row.kind] + row.text
        if row.ends_without_newline:
            yield "\\ No newline at end of file"


def _range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"


def _lines(text: str | None) -> list[str]:
    """Lines with their LF, so that a missing final newline is a difference."""
    return re.findall(r"[^\n]*\n|[^\n]+", text or "")


def _hunk(old: list[str], new: list[str], group: Iterable[_Opcode]) -> DiffHunk:
    codes = list(group)
    (_, i1, _, j1, _), (_, _, i2, _, j2) = codes[0], codes[-1]
    return DiffHunk(
        before_start=i1 + 1 if i2 > i1 else i1,
        before_count=i2 - i1,
        after_start=j1 + 1 if j2 > j1 else j1,
        after_count=j2 - j1,
        rows=tuple(row for code in codes for row in _rows(old, new, code)),
    )


def _rows(old: list[str], new: list[str], code: _Opcode) -> Iterator[DiffRow]:
    tag, i1, i2, j1, j2 = code
    if tag == "equal":
        for k in range(i2 - i1):
            yield _row(RowKind.CONTEXT, i1 + k, j1 + k, (DiffPart(text=_bare(old[i1 + k])),), old)
        return
    marked = [_words(a, b) for a, b in zip_longest(old[i1:i2], new[j1:j2])]
    for k in range(i2 - i1):
        yield _row(RowKind.REMOVED, i1 + k, None, marked[k][0], old)
    for k in range(j2 - j1):
        yield _row(RowKind.ADDED, None, j1 + k, marked[k][1], new)


def _row(
    kind: RowKind, i: int | None, j: int | None, parts: tuple[DiffPart, ...], lines: list[str]
) -> DiffRow:
    here = j if i is None else i
    return DiffRow(
        kind=kind,
        before=None if i is None else i + 1,
        after=None if j is None else j + 1,
        parts=parts,
        ends_without_newline=here is not None and not lines[here].endswith("\n"),
    )


def _bare(line: str) -> str:
    return line.removesuffix("\n")


def _words(old: str | None, new: str | None) -> tuple[tuple[DiffPart, ...], tuple[DiffPart, ...]]:
    """Two paired lines with their differing words marked; unlike lines stay whole."""
    if old is None or new is None or max(len(old), len(new)) > _LONG:
        return _whole(old), _whole(new)
    a, b = _WORD.findall(_bare(old)), _WORD.findall(_bare(new))
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < 0.5:
        return _whole(old), _whole(new)
    codes = matcher.get_opcodes()
    left = _parts((tag, a[i1:i2]) for tag, i1, i2, _, _ in codes)
    right = _parts((tag, b[j1:j2]) for tag, _, _, j1, j2 in codes)
    return left, right


def _whole(line: str | None) -> tuple[DiffPart, ...]:
    return (DiffPart(text=_bare(line or "")),)


def _parts(pieces: Iterable[tuple[str, list[str]]]) -> tuple[DiffPart, ...]:
    return tuple(
        DiffPart(text="".join(words), changed=tag != "equal") for tag, words in pieces if words
    )
