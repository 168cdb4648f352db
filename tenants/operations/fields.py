"""How a payload describes itself: each field carries title, help, kind and limits.

A payload is a frozen dataclass whose fields are annotated with what the functions below make:

    name: Annotated[str, name_field(title="Name", help="…", rule=names.namespace_name, …)]
    lease: Annotated[date | None, date_field(title="Needed until", …)] = None

A field without a default is required. The browser form, the JSON Schema, the reference in the docs
and `parsing` are loops over `fields_of(payload)`; nothing about a field is written twice. Pure.
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from gitops.names import Broken

Rule = Callable[[str], tuple[Broken, ...]]


class Kind(StrEnum):
    """What a field holds: as JSON, and as the payload has it."""

    NAME = "name"  # one word for machines: str
    TEXT = "text"  # one line for people: str
    CHOICE = "choice"  # one of the choices: str, or the member of the field's enum
    CHOICES = "choices"  # some of the choices: list of str, tuple in the payload
    NAMES = "names"  # list of words that no list of choices knows: tuple in the payload
    DATE = "date"  # "2027-06-30" or null: datetime.date or None
    BOOLEAN = "boolean"


class Source(StrEnum):
    """Choices that are rows, so that each fleet and each caller has others."""

    CLUSTERS = "clusters"
    SIZE_CLASSES = "size_classes"


class Widget(StrEnum):
    """What a form shows the field as."""

    LINE = "line"
    SELECT = "select"
    RADIO = "radio"
    CHECKBOXES = "checkboxes"
    LINES = "lines"  # a text area, one entry on each line
    DATE = "date"
    CHECKBOX = "checkbox"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """One value to choose, with the words a person reads."""

    value: str
    title: str
    help: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a payload. `max_length` is in characters, of a text or of each entry.

    `name`, `required` and `default` come from the dataclass; `default` is as the payload has it,
    `json_default` as JSON does. `pattern` is an ECMA regular expression for schemas and browsers:
    it may let more pass than `rule`, never less.
    """

    title: str
    help: str
    kind: Kind
    widget: Widget
    name: str = ""
    required: bool = True
    default: Any = None
    max_length: int = 0
    max_items: int = 0
    choices: tuple[Choice, ...] = ()
    enum: type[StrEnum] | None = None
    source: Source | None = None
    rule: Rule | None = None
    pattern: str = ""
    example: str = ""

    @property
    def is_list(self) -> bool:
        return self.kind in {Kind.CHOICES, Kind.NAMES}

    @property
    def json_default(self) -> Any:
        return list(self.default) if self.is_list and self.default is not None else self.default


LABEL_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def fields_of(payload: type[Any]) -> tuple[Field, ...]:
    """The described fields of a payload, in the order a form shows them."""
    hints = get_type_hints(payload, include_extras=True)
    return tuple(_described(item, hints[item.name]) for item in dataclasses.fields(payload))


def _described(item: "dataclasses.Field[Any]", hint: Any) -> Field:
    found = [extra for extra in get_args(hint)[1:] if isinstance(extra, Field)]
    if get_origin(hint) is not Annotated or len(found) != 1:
        raise TypeError(f"the payload's field {item.name} is not described")
    if item.default is dataclasses.MISSING:
        return dataclasses.replace(found[0], name=item.name)
    return dataclasses.replace(found[0], name=item.name, required=False, default=item.default)


def name_field(
    *, title: str, help: str, rule: Rule, max_length: int, pattern: str = "", example: str = ""
) -> Field:
    """One word for machines, held to `rule`."""
    return Field(
        title=title,
        help=help,
        kind=Kind.NAME,
        widget=Widget.LINE,
        max_length=max_length,
        rule=rule,
        pattern=pattern,
        example=example,
    )


def text_field(
    *, title: str, help: str = "", rule: Rule, max_length: int, example: str = ""
) -> Field:
    """One line in a person's own words."""
    return Field(
        title=title,
        help=help,
        kind=Kind.TEXT,
        widget=Widget.LINE,
        max_length=max_length,
        rule=rule,
        example=example,
    )


def choice_field(*, title: str, help: str, choices: Mapping[Any, tuple[str, str]]) -> Field:
    """One of an enum's members. `choices` gives each member's title and help."""
    enums = {type(member) for member in choices}
    return Field(
        title=title,
        help=help,
        kind=Kind.CHOICE,
        widget=Widget.RADIO,
        max_length=63,
        choices=tuple(
            Choice(value=member.value, title=words[0], help=words[1])
            for member, words in choices.items()
        ),
        enum=enums.pop(),
    )


def source_field(*, title: str, help: str, source: Source) -> Field:
    """One of the rows of `source`, by name."""
    return Field(
        title=title,
        help=help,
        kind=Kind.CHOICE,
        widget=Widget.SELECT,
        max_length=63,
        source=source,
    )


def sources_field(*, title: str, help: str, source: Source, max_items: int) -> Field:
    """Some of the rows of `source`, by name. When it is required, at least one."""
    return Field(
        title=title,
        help=help,
        kind=Kind.CHOICES,
        widget=Widget.CHECKBOXES,
        max_length=63,
        max_items=max_items,
        source=source,
    )


def list_field(
    *, title: str, help: str, rule: Rule, max_length: int, max_items: int, example: str = ""
) -> Field:
    """A list of words, each held to `rule`. When it is required, at least one."""
    return Field(
        title=title,
        help=help,
        kind=Kind.NAMES,
        widget=Widget.LINES,
        max_length=max_length,
        max_items=max_items,
        rule=rule,
        example=example,
    )


def date_field(*, title: str, help: str, rule: Rule, example: str = "") -> Field:
    """A day, or none."""
    return Field(
        title=title,
        help=help,
        kind=Kind.DATE,
        widget=Widget.DATE,
        max_length=10,
        rule=rule,
        example=example,
    )


def boolean_field(*, title: str, help: str) -> Field:
    """Yes or no."""
    return Field(title=title, help=help, kind=Kind.BOOLEAN, widget=Widget.CHECKBOX)
