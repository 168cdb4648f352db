"""Hostile and careless input: nothing but problems comes of it."""

import json
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import InvalidSpec
from tenants.operations import OPERATIONS
from tenants.operations.base import parse, problems, read
from tenants.operations.documents import read_document
from tenants.operations.facts import parse_request_facts, read_request_facts
from tenants.operations.fields import boolean_field, fields_of
from tenants.operations.fleets import read_fleet
from tenants.operations.parsing import read_fields
from tests.corpus.cases import fleet
from tests.tenants.pure.worlds import ADD, ONBOARD, TODAY, add_spec, onboard_spec, world

NASTY = [
    *(0, -1, 10**400, 1.5, float("nan"), float("inf"), True, False),
    *("", " ", "\0", "a\0b", "\ud800", "x\udfff", "\u202e", "a\n", "x" * 100_000),
    *("../..", "é", "ａ", "İ", "${x}", "{repository}", "%s", "{0}", "dev-1", "null", "2027-06-30"),
    *([], [[]], [None], [1, "dev-1"], ["\ud800"], ["dev-1"] * 1000, {}, {"dev-1": 1}),
    b"bytes",
    (1, 2),
    object(),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=80)
    | st.sampled_from(NASTY)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = sorted({f.name for operation in OPERATIONS.values() for f in operation.fields})


def near(spec: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Specs that are good but for some fields."""
    return st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4).map(
        lambda odd: {**spec, **odd}
    )


SPECS = JSON | near(add_spec()) | near(onboard_spec())


@given(SPECS)
def test_nothing_but_invalid_spec_comes_of_any_input(raw: Any) -> None:
    for operation in OPERATIONS.values():
        before = world("iris-blue")
        reading = read(operation, raw)
        found = problems(operation, before, reading)
        assert (reading.payload is None) == bool(reading.problems)
        json.dumps([[p.pointer, p.code, p.detail] for p in found]).encode("utf-8", "strict")
        for problem in found:
            assert problem.pointer.startswith("/spec")
            assert len(problem.detail) < 500
            assert (problem.pointer + problem.detail).isprintable()
        if reading.problems:
            with pytest.raises(InvalidSpec) as caught:
                parse(operation, raw)
            assert caught.value.problems == reading.problems
        else:
            assert operation.check(before, parse(operation, raw)) == found


@given(JSON, JSON, JSON)
def test_request_facts_too(purpose: Any, cost_centre: Any, external: Any) -> None:
    said = {"purpose": purpose, "cost_centre": cost_centre, "external": external}
    _, found = read_request_facts(**said)
    if not found:
        assert parse_request_facts(**said).purpose == purpose
        return
    assert all((p.pointer + p.detail).isprintable() for p in found)
    with pytest.raises(InvalidSpec) as caught:
        parse_request_facts(**said)
    assert caught.value.problems == found


FLEET_PARTS = ("clusters", "size_classes", "tenants", "users", "today", "clone_url", "odd")


@given(JSON, SPECS, st.dictionaries(st.sampled_from(FLEET_PARTS), JSON, max_size=3), JSON)
def test_documents_too(raw: Any, spec: Any, changed: dict[str, Any], tenant: Any) -> None:
    whole = {"operation": "add-namespace", "tenant": tenant, "spec": spec}
    for document in (raw, {**whole, "fleet": raw}, {**whole, "fleet": fleet() | changed}):
        with pytest.raises(InvalidSpec) as caught:
            read_document(document, today=TODAY)
        assert all((p.pointer + p.detail).isprintable() for p in caught.value.problems)


@pytest.mark.parametrize("field", ADD.fields, ids=lambda field: field.name)
def test_each_nasty_value_in_each_field(field: Any) -> None:
    for nasty in NASTY:
        expect(field, nasty)


def expect(field: Any, nasty: Any) -> None:
    reading = read(ADD, {**add_spec(), field.name: nasty})
    accepted = {
        # the world says that there are no such things
        "clusters": nasty == ["\ud800"],
        "size_class": isinstance(nasty, str) and 0 < len(nasty) <= 63,
        "lease": nasty == "2027-06-30",
        "name": nasty in ("dev-1", "null", "2027-06-30"),
    }
    assert (not reading.problems) == accepted.get(field.name, False), (field.name, nasty)


def test_keys_nobody_can_write_down() -> None:
    odd: dict[Any, Any] = {
        1: 1,
        None: 2,
        "\ud800": 3,
        "x" * 5000: 4,
        1 << 20000: 5,
        "a\nb": 6,
        "": 7,
    }
    found = read(ADD, {**add_spec(), **odd}).problems
    assert [(p.pointer, p.code) for p in found] == [("/spec", "unknown-field")] * len(odd)


def test_many_unknown_keys_are_not_all_named() -> None:
    found = read(ADD, {**add_spec(), **{f"k{i}": i for i in range(10_000)}}).problems
    assert len(found) == 20


def test_a_number_too_long_to_write_down() -> None:
    number = 1 << 20000  # str() of it raises
    for field in ADD.fields:
        (found,) = read(ADD, {**add_spec(), field.name: number}).problems
        assert found.code == "wrong-type"
    assert read_fleet(
        {"size_classes": {"s": {"quota": {"pods": number}}}}, tenant=number, today=TODAY
    )


def test_a_list_of_lists_does_not_take_the_stack() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    assert read(ADD, {**add_spec(), "clusters": deep, "name": deep}).problems


def test_a_long_value_is_not_repeated_in_the_sentence() -> None:
    for spec in (onboard_spec(branch="b" * 10**6), onboard_spec(repository="x/" * 10**6)):
        (problem,) = read(ONBOARD, spec).problems
        assert problem.code == "too-long"
        assert len(problem.detail) < 200


def test_what_could_be_read_is_there_although_something_could_not() -> None:
    reading = read(ADD, add_spec(name="NO", lease="2027-06-30"))
    assert reading.values["clusters"] == ("dev-1",)
    assert "name" not in reading.values
    assert ADD.looks_up(reading.values).names == frozenset()


ODD_SWITCHES: list[Any] = [0, 1, "true", "", [], 1.0]


@dataclass(frozen=True, kw_only=True)
class Switch:
    on: Annotated[bool, boolean_field(title="On", help="")] = True


@pytest.mark.parametrize(
    ("said", "value", "codes"),
    [
        ({}, True, []),
        ({"on": False}, False, []),
        ({"on": None}, True, []),
        *(({"on": odd}, None, ["wrong-type"]) for odd in ODD_SWITCHES),
    ],
)
def test_booleans_are_true_or_false(said: Any, value: bool | None, codes: list[str]) -> None:
    values, found = read_fields(fields_of(Switch), said)
    assert values.get("on") is value
    assert [p.code for p in found] == codes


def test_a_field_nobody_described_is_noticed() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Bare:
        name: str

    with pytest.raises(TypeError, match="name is not described"):
        fields_of(Bare)
