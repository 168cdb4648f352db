"""The JSON Schema says what the parser does."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.operations import OPERATIONS
from tenants.operations.base import parse, read
from tenants.operations.fields import Source, boolean_field
from tenants.operations.schema import as_json, json_schema
from tests.corpus.cases import Case, cases
from tests.tenants.pure.test_reading import SPECS
from tests.tenants.pure.worlds import ADD, ONBOARD, add_spec, onboard_spec, world

SHAPES = {"wrong-type", "unknown-field", "not-a-choice", "too-many"}


def validator(operation: Any) -> Any:
    return jsonschema.Draft202012Validator(json_schema(operation))


VALIDATORS = {name: validator(operation) for name, operation in OPERATIONS.items()}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_the_schema_is_one_and_is_json(operation: Any) -> None:
    schema = json_schema(operation, operation.offers(world("iris-blue")))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert list(schema["properties"]) == [f.name for f in operation.fields]
    assert all(p["title"] and p["description"] for p in schema["properties"].values())


@pytest.mark.parametrize("case", cases(good=True), ids=str)
def test_good_cases_fit_the_schema_with_the_callers_choices(case: Case) -> None:
    operation = OPERATIONS[case.operation]
    choices = operation.offers(world(case.said.get("tenant")))
    jsonschema.validate(case.said["spec"], json_schema(operation, choices))


@pytest.mark.parametrize("case", cases(good=False), ids=str)
def test_bad_shapes_do_not_fit_the_schema(case: Case) -> None:
    shapes = [c for pointer, c in case.expect if pointer.startswith("/spec") and c in SHAPES]
    fits = VALIDATORS[case.operation].is_valid(case.said.get("spec"))
    assert not (shapes and fits)


@given(SPECS)
def test_what_is_accepted_fits_the_schema(raw: Any) -> None:
    for name, operation in OPERATIONS.items():
        if not read(operation, raw).problems:
            assert VALIDATORS[name].is_valid(raw)


@given(
    st.dictionaries(
        st.sampled_from(["network", "pod_security", "lease"]),
        st.none() | st.sampled_from(["isolated", "tenant", "baseline", "2027-06-30"]),
    )
)
def test_a_payload_as_json_reads_back_the_same(changed: Any) -> None:
    for operation, spec in ((ADD, add_spec(**changed)), (ONBOARD, onboard_spec(**changed))):
        if not read(operation, spec).problems:
            payload = parse(operation, spec)
            again = json.loads(json.dumps(as_json(payload)))
            assert parse(operation, again) == payload


def test_the_choices_are_the_callers() -> None:
    schema = json_schema(ADD, ADD.offers(world("iris-blue")))
    clusters = schema["properties"]["clusters"]["items"]["enum"]
    assert clusters == ["dev-1", "test-1", "production-1"]
    everywhere = json_schema(ONBOARD, ONBOARD.offers(world()))["properties"]
    assert "infra-ops-1" not in everywhere["clusters"]["items"]["enum"]
    assert everywhere["size_class"]["enum"] == ["small", "medium", "large"]


def test_nothing_to_choose_from_is_said_too() -> None:
    schema = json_schema(ADD, {Source.CLUSTERS: (), Source.SIZE_CLASSES: ()})
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not jsonschema.Draft202012Validator(schema).is_valid(add_spec())


def test_optional_fields_may_be_null_and_say_their_default() -> None:
    network = json_schema(ADD)["properties"]["network"]
    assert network["type"] == ["string", "null"]
    assert network["default"] == "isolated"
    assert None in network["enum"]
    assert json_schema(ONBOARD)["properties"]["members"]["default"] == []


def test_a_boolean_is_a_boolean() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Switch:
        on: Annotated[bool, boolean_field(title="On", help="")] = False

    switch: Any = type("Operation", (), {})()
    from tenants.operations.fields import fields_of

    switch.title, switch.description, switch.fields = "", "", fields_of(Switch)
    made = json_schema(switch)["properties"]["on"]
    assert made["type"] == ["boolean", "null"]
    assert made["default"] is False
