"""Fields as a template shows them: the description, the value, what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops.errors import Problem
from tenants.forms.reading import PREFIX, Wish
from tenants.operations.base import Operation
from tenants.operations.facts import COST_CENTRE, PURPOSE
from tenants.operations.fields import Field, Kind, Source, Widget


@dataclass(frozen=True, kw_only=True)
class Card:
    """One choice. `tag` is shown beside the title, `details` below it, a line each."""

    value: str
    title: str
    tag: str = ""
    details: tuple[str, ...] = ()
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field with its value. `name` is also its id; the first control of cards has `name`-1."""

    described: Field
    name: str
    value: Any = ""
    errors: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()

    @property
    def title(self) -> str:
        return self.described.title

    @property
    def help(self) -> str:
        return self.described.help

    @property
    def required(self) -> bool:
        return self.described.required

    @property
    def shape(self) -> str:
        """Which part of `parts/field.html` shows it."""
        if self.cards:
            return "checkboxes" if self.described.is_list else "radios"
        return {Widget.LINES: "lines", Widget.DATE: "date", Widget.CHECKBOX: "checkbox"}.get(
            self.described.widget, "line"
        )

    @property
    def wide(self) -> bool:
        """Cards with a sentence in them need more room than those with a name."""
        return bool(self.described.choices)

    @property
    def is_mono(self) -> bool:
        return self.described.kind in {Kind.NAME, Kind.NAMES}

    @property
    def focus(self) -> str:
        """The id a link of the error summary leads to."""
        return f"{self.name}-1" if self.cards else self.name

    @property
    def described_by(self) -> str:
        names = [f"{self.name}-error"] if self.errors else []
        names += [f"{self.name}-help"] if self.help else []
        return " ".join(names)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A box of the form."""

    title: str
    fields: tuple[FormField, ...]

    @property
    def has_one_field(self) -> bool:
        """Then the box's headline says it, and the field's own is for screen readers."""
        return len(self.fields) == 1


@dataclass(frozen=True, kw_only=True)
class SummaryLine:
    """One line above the form: what is wrong, and the id of the field to jump to ("" for none)."""

    label: str
    text: str
    target: str


_BESIDE = "Why and for whom"
_PANELS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "add-namespace": (
        ("Namespace", ("name", "clusters")),
        ("Size", ("size_class",)),
        ("Safety", ("network", "pod_security")),
        (_BESIDE, ("purpose", "cost_centre", "lease")),
    ),
    "onboard-tenant": (
        ("Team", ("name", "owners", "members", "access_groups")),
        ("Where", ("clusters",)),
        ("Repository", ("repository", "branch")),
        ("Size of the first namespace", ("size_class",)),
        ("Safety of the first namespace", ("network", "pod_security")),
        (_BESIDE, ("purpose", "cost_centre")),
    ),
}
"""Which fields share a box. One that no line names still shows, in a box of its own at the end."""


def panels(
    operation: Operation[Any],
    wish: Wish,
    problems: Sequence[Problem],
    cards: Mapping[Source, tuple[Card, ...]],
) -> tuple[Panel, ...]:
    """The whole form of an operation, with the values of `wish`."""
    fields = {f.described.name: f for f in _all_fields(operation, wish, problems, cards)}
    boxes = list(_PANELS.get(operation.name, ()))
    named = {name for _, names in boxes for name in names}
    if rest := tuple(name for name in fields if name not in named):
        boxes.append(("More", rest))
    return tuple(
        Panel(title=title, fields=tuple(fields[name] for name in names)) for title, names in boxes
    )


def _all_fields(
    operation: Operation[Any],
    wish: Wish,
    problems: Sequence[Problem],
    cards: Mapping[Source, tuple[Card, ...]],
) -> Iterable[FormField]:
    for described in operation.fields:
        value = wish.payload.get(described.name, described.default)
        yield FormField(
            described=described,
            name=PREFIX + described.name,
            value=_shown(described, value),
            errors=_errors(problems, f"/spec/{described.name}"),
            cards=_cards(described, value, cards),
        )
    for described, value in ((PURPOSE, wish.purpose), (COST_CENTRE, wish.cost_centre)):
        yield FormField(
            described=described,
            name=described.name,
            value=value,
            errors=_errors(problems, f"/{described.name}"),
        )


def _shown(described: Field, value: Any) -> Any:
    if described.kind is Kind.NAMES:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value or ""
    return "" if value is None else value


def _cards(
    described: Field, value: Any, rows: Mapping[Source, tuple[Card, ...]]
) -> tuple[Card, ...]:
    if described.source is not None:
        known = rows.get(described.source, ())
    else:
        known = tuple(
            Card(value=c.value, title=c.title, details=(c.help,) if c.help else ())
            for c in described.choices
        )
    chosen = set(value) if isinstance(value, list | tuple) else {value}
    return tuple(
        Card(
            value=card.value,
            title=card.title,
            tag=card.tag,
            details=card.details,
            chosen=card.value in chosen,
        )
        for card in known
    )


def _errors(problems: Sequence[Problem], pointer: str) -> tuple[str, ...]:
    """Sentences about a field and its entries, each once."""
    found = (p.detail for p in problems if _is_at(p, pointer))
    return tuple(dict.fromkeys(found))


def _is_at(problem: Problem, pointer: str) -> bool:
    return problem.pointer == pointer or problem.pointer.startswith(f"{pointer}/")


def summary(boxes: Sequence[Panel], problems: Sequence[Problem]) -> tuple[SummaryLine, ...]:
    """Every problem once, in the order of the form; first those of no field, without a link."""
    fields = [f for box in boxes for f in box.fields]
    pointers = {_pointer(f) for f in fields}
    homeless = (p for p in problems if not any(_is_at(p, known) for known in pointers))
    first = tuple(dict.fromkeys(SummaryLine(label="", text=p.detail, target="") for p in homeless))
    lines = (
        SummaryLine(label=f.title, text=text, target=f.focus) for f in fields for text in f.errors
    )
    return (*first, *lines)


def _pointer(field: FormField) -> str:
    name = field.described.name
    return f"/spec/{name}" if field.name.startswith(PREFIX) else f"/{name}"
