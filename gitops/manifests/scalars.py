"""How a string is written in YAML so that every reader gets that string back. Pure.

Readers disagree: some follow YAML 1.1, some 1.2, and Go's library, which kubectl and Flux use, has
habits of its own. A bare `y`, `no`, `0o7`, `1e3` or `1:30` is a string to one and a
boolean or a number to another, and the API server then refuses the object. So a string is quoted
exactly when YAML 1.1 (https://yaml.org/type/) or the core schema of YAML 1.2.2 (section 10.3.2), or
Go's reading of either, would see something else in it, or when its characters would mean
something. What people cannot see is escaped.
"""

import re
from functools import lru_cache

_NOT_STRINGS = frozenset(
    # null, merge key and default key of YAML 1.1
    ["", "~", "null", "Null", "NULL", "<<", "="]
    + [
        spelt
        for word in ("y", "n", "yes", "no", "true", "false", "on", "off")
        for spelt in (word, word.capitalize(), word.upper())
    ]
)

_NUMBER = re.compile(
    r"""[-+]?(?:
        [0-9]+                                           # decimal, and octal of YAML 1.1
      | 0[bB][01]+ | 0[oO][0-7]+ | 0[xX][0-9a-fA-F]+
      | (?:\.[0-9]+ | [0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?
      | [0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?             # base 60 of YAML 1.1
      | \.(?:inf|Inf|INF)
    ) | [-+]?\.(?:nan|NaN|NAN)""",
    re.VERBOSE | re.ASCII,
)

_HOLLOW = re.compile(r"[-+]?0[bx]_+")  # PyYAML takes it for a number, then fails on it

_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?",
    re.ASCII,
)

# What opens something else than a plain string at the start of a value.
_INDICATORS = frozenset(",[]{}#&*!|>'\"%@`")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


@lru_cache(maxsize=4096)
def scalar(text: str) -> str:
    """`text` on one line: bare when that is safe, else in double quotes.

    Raises ValueError for a lone surrogate, which no file can hold.
    """
    return text if is_plain(text) else quoted(text)


def is_plain(text: str) -> bool:
    """Whether every reader takes the bare `text` for this very string."""
    return (
        text not in _NOT_STRINGS
        and text.isprintable()
        and not _has_meaning(text)
        and not _is_number_or_date(text)
    )


def _has_meaning(text: str) -> bool:
    first = text[0]
    return (
        first in _INDICATORS
        or (first in "-?:" and (len(text) == 1 or text[1] == " "))
        or text.split(" ", 1)[0] in {"---", "..."}
        or first == " "
        or text[-1] in " :"
        or ": " in text
        or " #" in text
    )


def _is_number_or_date(text: str) -> bool:
    if text[0] not in "+-.0123456789":
        return False
    # Go drops every underscore before it looks for a number, YAML 1.1 those between digits.
    return any(
        (_NUMBER.fullmatch(text.replace("_", "")), _DATE.fullmatch(text), _HOLLOW.fullmatch(text))
    )


def quoted(text: str) -> str:
    """`text` in double quotes, on one line, whatever is in it. Raises ValueError as `scalar`."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("half a surrogate pair is not a character")
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def block(text: str) -> tuple[str, list[str]] | None:
    """`text` as a literal block: its header (`|` or `|-`) and lines; None when it has to be quoted.

    Only for several visible lines that neither begin with a space nor end in one: what a reviewer
    sees is then exactly what is there.
    """
    lines = text.split("\n")
    header = "|-"
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
        header = "|"
    tame = all(line.isprintable() and not line.endswith(" ") for line in lines)
    if "\n" not in text or not tame or not lines[0] or not lines[-1] or lines[0][0] == " ":
        return None
    return header, lines
