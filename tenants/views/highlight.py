"""YAML in colours, line by line, so that a diff can pick the lines it shows.

Only classes come out, never styles. They carry the prefix `y-`, because Pygments' own one-letter
names would collide with any style sheet.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers.data import YamlLexer
from pygments.token import STANDARD_TYPES, _TokenType

from gitops.diff import DiffPart

Token = tuple[str, str]  # class ("" for plain text), text without line ends
_LONGEST = 400_000  # characters; larger files are shown without colours


def _class(kind: _TokenType) -> str:
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    short = STANDARD_TYPES.get(kind, "")
    return f"y-{short}" if short else ""


@lru_cache(maxsize=256)
def lines_of(path: str, text: str) -> tuple[tuple[Token, ...], ...]:
    """Tokens of each line of `text`; lines end at LF only, as in `gitops.diff`.

    The lexer's raw interface is used: the usual one strips blank lines and rewrites line ends, and
    line numbers would no longer be those of the file.
    """
    plain = tuple(((("", line),) if line else ()) for line in text.split("\n"))
    if not path.endswith((".yaml", ".yml")) or len(text) > _LONGEST:
        return plain
    coloured = tuple(_split(text))
    same = ["".join(t for _, t in line) for line in coloured] == text.split("\n")
    return coloured if same else plain


def _split(text: str) -> Iterator[tuple[Token, ...]]:
    line: list[Token] = []
    for _, kind, value in YamlLexer().get_tokens_unprocessed(text):  # type: ignore[no-untyped-call]
        first, *rest = value.split("\n")
        if first:
            line.append((_class(kind), first))
        for piece in rest:
            yield tuple(line)
            line = [(_class(kind), piece)] if piece else []
    yield tuple(line)


def html(tokens: Sequence[Token], parts: Sequence[DiffPart] = ()) -> SafeString:
    """One line: tokens in their classes, and `<mark>` around the words a diff found changed."""
    pieces = (
        f"<mark>{_spans(cut)}</mark>" if changed else _spans(cut)
        for changed, cut in _cut(tokens, parts)
    )
    return mark_safe("".join(pieces))  # noqa: S308 - every text went through escape()


def _spans(tokens: Iterable[Token]) -> str:
    return "".join(
        f'<span class="{name}">{escape(text)}</span>' if name else escape(text)
        for name, text in tokens
    )


def _cut(tokens: Sequence[Token], parts: Sequence[DiffPart]) -> Iterator[tuple[bool, list[Token]]]:
    """The tokens, cut where the parts of the diff begin and end."""
    if not any(part.changed for part in parts):
        yield False, list(tokens)
        return
    rest = list(tokens)
    for part in parts:
        taken: list[Token] = []
        wanted = len(part.text)
        while wanted and rest:
            name, text = rest.pop(0)
            taken.append((name, text[:wanted]))
            if len(text) > wanted:
                rest.insert(0, (name, text[wanted:]))
            wanted -= min(wanted, len(text))
        yield part.changed, taken
    if rest:
        yield False, rest
