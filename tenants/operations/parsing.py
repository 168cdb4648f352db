"""What somebody sent, to the values a payload is made of: strict, and with every problem at once.

The input is whatever JSON, YAML or a form can produce, or an attacker. Nothing here raises for it,
and no sentence repeats a value that is long or invisible. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from gitops.errors import Problem
from gitops.names import Broken
from tenants.operations.fields import Field, Kind

# The words programs rely on, where the rules below this package say it more narrowly.
CODES: Mapping[str, str] = {
    "not-a-label": "bad-name",
    "double-hyphen": "bad-name",
    "tenant-prefix": "not-prefixed",
    "name-taken": "taken",
    "prefix-of-tenant": "prefix-of-other-tenant",
    "other-tenants-name": "prefix-of-other-tenant",
    "branch": "bad-branch",
    "not-a-date": "bad-date",
    "control-character": "bad-text",
    "substitution": "bad-text",
    "outer-space": "bad-text",
}

_UNKNOWN_SHOWN = 20
_SENTENCES: Mapping[Kind, str] = {
    Kind.NAME: "Write a text here.",
    Kind.TEXT: "Write a text here.",
    Kind.CHOICE: "Write one of the choices here, as a text.",
    Kind.CHOICES: "Write a list here, even for one entry.",
    Kind.NAMES: "Write a list here, even for one entry.",
    Kind.DATE: "Write a date here, as a text like 2027-06-30.",
    Kind.BOOLEAN: "Write true or false here.",
}


def found(pointer: str, verdict: tuple[Broken, ...]) -> tuple[Problem, ...]:
    """What a rule of `gitops` answers, as problems at `pointer`."""
    return tuple(
        Problem(pointer=pointer, code=CODES.get(b.code, b.code), detail=b.detail) for b in verdict
    )


def problem(pointer: str, code: str, detail: str) -> tuple[Problem, ...]:
    """One problem."""
    return (Problem(pointer=pointer, code=code, detail=detail),)


def read_fields(
    fields: Sequence[Field], raw: object, *, pointer: str = "/spec"
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The values of the fields that could be read, and every problem, in the fields' order."""
    if not isinstance(raw, Mapping):
        detail = "Write an object here, with the names of the fields and their values."
        return {}, problem(pointer, "wrong-type", detail)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        value, broken = _read(field, raw.get(field.name), f"{pointer}/{field.name}")
        problems += broken
        if not broken:
            values[field.name] = value
    problems += _unknown(raw, {field.name for field in fields}, pointer)
    return values, tuple(problems)


def _unknown(raw: Mapping[Any, Any], known: set[str], pointer: str) -> Iterable[Problem]:
    strangers = [key for key in raw if not isinstance(key, str) or key not in known]
    for key in strangers[:_UNKNOWN_SHOWN]:
        shown = isinstance(key, str) and key.isprintable() and 0 < len(key) <= 100
        escaped = str(key).replace("~", "~0").replace("/", "~1") if shown else ""
        yield Problem(
            pointer=f"{pointer}/{escaped}" if shown else pointer,
            code="unknown-field",
            detail=f"There is no field called {key}." if shown else "There is no such field.",
        )


def _read(field: Field, value: object, pointer: str) -> tuple[Any, tuple[Problem, ...]]:
    if _is_absent(field, value):
        return _absent(field, pointer)
    if field.is_list:
        return _read_list(field, value, pointer)
    if field.kind is Kind.BOOLEAN:
        return value, () if isinstance(value, bool) else _wrong_type(field, pointer)
    return _read_text(field, value, pointer)


def _is_absent(field: Field, value: object) -> bool:
    """null is nothing, so is an empty list, and an empty text where any text would do."""
    if field.is_list:
        return value is None or (isinstance(value, list | tuple) and not value)
    any_text = field.required or field.kind in {Kind.NAME, Kind.TEXT}
    return value is None or (any_text and value == "")


def _absent(field: Field, pointer: str) -> tuple[Any, tuple[Problem, ...]]:
    if field.required:
        words = "Name at least one." if field.is_list else "This is needed."
        return None, problem(pointer, "required", words)
    return field.default, ()


def _wrong_type(field: Field, pointer: str) -> tuple[Problem, ...]:
    return problem(pointer, "wrong-type", _SENTENCES[field.kind])


def _read_text(field: Field, value: object, pointer: str) -> tuple[Any, tuple[Problem, ...]]:
    if not isinstance(value, str):
        return None, _wrong_type(field, pointer)
    if broken := _text_problems(field, value, pointer):
        return None, broken
    if field.enum is not None:
        return field.enum(value), ()
    return date.fromisoformat(value) if field.kind is Kind.DATE else value, ()


def _text_problems(field: Field, value: str, pointer: str) -> tuple[Problem, ...]:
    if field.kind is not Kind.DATE and len(value) > field.max_length:
        detail = f"This has {len(value)} characters; at most {field.max_length} are possible."
        return problem(pointer, "too-long", detail)
    if field.choices and value not in {choice.value for choice in field.choices}:
        words = ", ".join(choice.value for choice in field.choices)
        return problem(pointer, "not-a-choice", f"Choose one of: {words}.")
    return found(pointer, field.rule(value)) if field.rule else ()


def _read_list(field: Field, value: object, pointer: str) -> tuple[Any, tuple[Problem, ...]]:
    if not isinstance(value, list | tuple):
        return None, _wrong_type(field, pointer)
    if len(value) > field.max_items:
        detail = f"These are {len(value)} entries; at most {field.max_items} are possible."
        return None, problem(pointer, "too-many", detail)
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        problems += _item_problems(field, item, f"{pointer}/{index}", seen)
    return tuple(value), tuple(problems)


def _item_problems(field: Field, item: object, pointer: str, seen: set[str]) -> tuple[Problem, ...]:
    if not isinstance(item, str):
        return problem(pointer, "wrong-type", "Write a text here.")
    if not item:
        return problem(pointer, "required", "This entry is empty.")
    if item in seen:
        return problem(pointer, "duplicate", "This entry is in the list already.")
    seen.add(item)
    return _text_problems(field, item, pointer)
