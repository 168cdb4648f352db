"""A small, safe part of Markdown: text in, values out. PURE.

Headings, lists, tables, quotes, fenced code; inside lines `code`, **strong**, links. No HTML is
made here and none is let through: a template draws these values and escapes every text. Whatever
is not understood stays as it was written. One pass over the lines, none of whose patterns can
backtrack far, so a hostile body costs what its length costs.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 100_000  # characters; the rest of a longer text is not drawn
_INLINE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`{1,3})(?P<code>[^`\n]{1,500})(?P=ticks)"
    r"|\*\*(?P<strong>[^*\n]{1,500})\*\*"
    r"|\[(?P<label>[^\[\]\n]{1,300})\]\((?P<target>[^()\s]{1,1000})\)"
    r"|(?P<url>https?://[^\s<>\"'`|\\)\]]{0,1000}[^\s<>\"'`|\\)\].,;:!?])"
)
_HEADING = re.compile(r"(#{1,6}) +(.+)")
_FENCE = re.compile(r"(`{3,}|~{3,})[^`]*")
_ITEM = re.compile(r"(?:[-*+]|(?P<number>\d{1,9})[.)]) +(?P<text>.+)")
_RULER = re.compile(r"\|?[ :|-]*-[ :|-]*")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, kw_only=True)
class Inline:
    """A piece of a line. `kind` is text, code, strong or link; `target` only of a link."""

    kind: str = "text"
    text: str
    target: str = ""


Line = tuple[Inline, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a text.

    `kind` is heading, paragraph, code, list, steps, table or quote. `lines` are the lines of a
    paragraph or quote, the items of a list, the one line of a heading; `rows` those of a table,
    `head` its first, empty when all its cells are; `text` is code as it was written.
    """

    kind: str
    lines: tuple[Line, ...] = ()
    head: tuple[Line, ...] = ()
    rows: tuple[tuple[Line, ...], ...] = ()
    text: str = ""
    level: int = 0
    start: int = 1


def blocks(text: str) -> tuple[Block, ...]:
    """The text as blocks. Comments (`<!-- … -->` on lines of their own) are left out."""
    clean = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    cut = (Block(kind="paragraph", lines=(inline("…"),)),) if len(text) > LONGEST else ()
    return (*_Reader(clean.split("\n")).read(), *cut)


def inline(text: str) -> Line:
    """One line as pieces."""
    pieces: list[Inline] = []
    plain: list[str] = []
    position = 0
    for match in _INLINE.finditer(text):
        plain.append(text[position : match.start()])
        position = match.end()
        piece = _piece(match)
        if piece.kind == "text":
            plain.append(piece.text)
            continue
        pieces += _plain(plain)
        plain = []
        pieces.append(piece)
    plain.append(text[position:])
    return (*pieces, *_plain(plain))


def _plain(parts: Sequence[str]) -> list[Inline]:
    text = "".join(parts)
    return [Inline(text=text)] if text else []


def _piece(match: re.Match[str]) -> Inline:
    if match["escaped"]:
        return Inline(text=match["escaped"])
    if match["code"]:
        return Inline(kind="code", text=match["code"])
    if match["strong"]:
        return Inline(kind="strong", text=match["strong"])
    if match["url"]:
        return Inline(kind="link", text=match["url"], target=match["url"])
    if _is_harmless(match["target"]):
        return Inline(kind="link", text=match["label"], target=match["target"])
    return Inline(text=match[0])


def _is_harmless(target: str) -> bool:
    """Whether a link leads to a web page: its scheme is written out, or it is a path here."""
    lowered = target.lower()
    return lowered.startswith(("http://", "https://")) or (
        target.startswith("/") and not target.startswith(("//", "/\\"))
    )


class _Reader:
    """Reads blocks off the lines, each rule looking at the line it stands before."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0

    def read(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if not line:
                self.at += 1
            elif line.startswith("<!--"):
                self._skip_comment()
            elif fence := _FENCE.fullmatch(line):
                yield self._code(fence[1])
            elif heading := _HEADING.fullmatch(line):
                self.at += 1
                words = inline(heading[2].rstrip("# ") or heading[2])
                yield Block(kind="heading", lines=(words,), level=len(heading[1]))
            elif self._is_table():
                yield self._table()
            elif item := _ITEM.fullmatch(line):
                yield self._list(item["number"])
            elif line.startswith(">"):
                yield Block(kind="quote", lines=self._quote())
            else:
                yield Block(kind="paragraph", lines=self._paragraph())

    def _next(self) -> str | None:
        return self.lines[self.at].strip() if self.at < len(self.lines) else None

    def _skip_comment(self) -> None:
        while (line := self._next()) is not None:
            self.at += 1
            if "-->" in line:
                return

    def _code(self, fence: str) -> Block:
        self.at += 1
        held: list[str] = []
        while (line := self._next()) is not None:
            self.at += 1
            if len(line) >= len(fence) and not line.strip(fence[0]):
                break
            held.append(self.lines[self.at - 1])
        return Block(kind="code", text="\n".join(held))

    def _is_table(self) -> bool:
        if self.at + 1 >= len(self.lines) or "|" not in self.lines[self.at]:
            return False
        ruler = self.lines[self.at + 1].strip()
        return "|" in ruler and len(ruler) < 1_000 and bool(_RULER.fullmatch(ruler))

    def _table(self) -> Block:
        head = _cells(self.lines[self.at])
        self.at += 2
        rows: list[tuple[Line, ...]] = []
        while (line := self._next()) and "|" in line:
            self.at += 1
            rows.append((*_cells(line), *([()] * len(head)))[: len(head)])
        return Block(kind="table", head=head if any(head) else (), rows=tuple(rows))

    def _list(self, number: str | None) -> Block:
        items: list[Line] = []
        while (line := self._next()) and (item := _ITEM.fullmatch(line)):
            if (item["number"] is None) != (number is None):
                break
            self.at += 1
            items.append(inline(item["text"]))
        kind = "list" if number is None else "steps"
        return Block(kind=kind, lines=tuple(items), start=int(number or 1))

    def _quote(self) -> tuple[Line, ...]:
        lines: list[Line] = []
        while (line := self._next()) and line.startswith(">"):
            self.at += 1
            lines.append(inline(line[1:].strip()))
        return tuple(lines)

    def _paragraph(self) -> tuple[Line, ...]:
        lines = [inline(self.lines[self.at].strip())]
        self.at += 1
        while (line := self._next()) and not self._begins_something(line):
            self.at += 1
            lines.append(inline(line))
        return tuple(lines)

    def _begins_something(self, line: str) -> bool:
        return (
            line.startswith((">", "<!--"))
            or any(rule.fullmatch(line) for rule in (_FENCE, _HEADING, _ITEM))
            or self._is_table()
        )


def _cells(line: str) -> tuple[Line, ...]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return tuple(inline(cell.strip()) for cell in _CELL.split(inner)[:50])
