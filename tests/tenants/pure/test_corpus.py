"""Every case of the corpus through reading and judging, as the services do it."""

from typing import Any

import pytest

from gitops.errors import InvalidSpec, Problem
from gitops.rendering import render
from tenants.operations import OPERATIONS
from tenants.operations.base import parse, problems, read
from tenants.operations.facts import read_request_facts
from tests.corpus.cases import Case, cases
from tests.tenants.pure.worlds import world


def judge(case: Case) -> tuple[Problem, ...]:
    said = case.said
    facts = {key: said[key] for key in ("purpose", "cost_centre", "external") if key in said}
    _, of_facts = read_request_facts(**facts)
    operation = OPERATIONS[case.operation]
    reading: Any = read(operation, said.get("spec"))
    return (*problems(operation, world(said.get("tenant")), reading), *of_facts)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_case_gets_exactly_its_verdict(case: Case) -> None:
    found = judge(case)
    assert sorted((p.pointer, p.code) for p in found) == list(case.expect)
    assert all(p.detail.endswith((".", "…")) or "https://" in p.detail for p in found), found


@pytest.mark.parametrize("case", cases(good=True), ids=str)
def test_a_good_case_can_be_rendered(case: Case) -> None:
    operation, before = OPERATIONS[case.operation], world(case.said.get("tenant"))
    payload = parse(operation, case.said["spec"])
    assert operation.check(before, payload) == ()
    facts, _ = read_request_facts(purpose=case.said["purpose"])
    for stage in operation.stages(before, payload, facts):
        assert render(stage.specs).files


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    for operation in OPERATIONS:
        assert len(cases(operation, good=True)) >= 6
        assert len(cases(operation, good=False)) >= 20


def test_every_code_of_the_rules_about_the_world_is_in_the_corpus() -> None:
    codes = {code for case in cases(good=False) for _, code in case.expect}
    assert codes >= {
        *("unknown-field", "required", "wrong-type", "not-a-choice", "duplicate", "too-long"),
        *("too-many", "bad-name", "reserved-name", "not-prefixed", "taken", "bad-date"),
        *("prefix-of-other-tenant", "past-date", "too-far", "unknown-cluster", "cluster-closed"),
        *("not-placed", "unknown-user", "unknown-size-class", "unknown-tenant", "bad-text"),
        *("bad-repository", "bad-branch", "platform-branch", "bad-url"),
    }


def test_parse_raises_what_read_finds() -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse(OPERATIONS["add-namespace"], {"name": 1, "lease": []})
    assert [p.pointer for p in caught.value.problems] == [
        "/spec/name",
        "/spec/clusters",
        "/spec/size_class",
        "/spec/lease",
    ]
