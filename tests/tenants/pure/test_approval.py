"""Which approvals are needed, and what counts as one."""

from dataclasses import asdict
from itertools import combinations

import pytest

from tenants.approval import (
    APPROVAL_RULES,
    DecisionView,
    Facts,
    RequiredStage,
    progress,
    read_aloud,
    required_stages,
)
from tenants.inventory import Environment
from tenants.operations.base import ChangeClass

DEV = Facts(environments=(Environment.DEV,), change_class=ChangeClass.ADDS_NAMESPACE)
PRODUCTION = Facts(environments=(Environment.PRODUCTION,), change_class=ChangeClass.ADDS_NAMESPACE)


def approve(decider: str, stage: str = "platform", **changed: object) -> DecisionView:
    said = {"stage": stage, "verdict": "approve", "decider": decider, "void": False, **changed}
    return DecisionView(**said)  # type: ignore[arg-type]


def slugs(*environments: Environment) -> list[str]:
    facts = Facts(environments=environments, change_class=ChangeClass.NEW_TENANT, new_tenant=True)
    return [stage.slug for stage in required_stages(facts)]


@pytest.mark.parametrize("environment", [e for e in Environment if e != Environment.PRODUCTION])
def test_one_platform_admin_is_enough_outside_production(environment: Environment) -> None:
    assert slugs(environment) == ["platform"]


def test_production_needs_a_second_one() -> None:
    assert slugs(Environment.PRODUCTION) == ["platform", "production"]


@pytest.mark.parametrize(
    "environments",
    [some for n in range(len(Environment) + 1) for some in combinations(Environment, n)],
    ids=lambda environments: "+".join(environments) or "none",
)
def test_the_stages_are_the_union_over_the_environments(
    environments: tuple[Environment, ...],
) -> None:
    needs_two = Environment.PRODUCTION in environments
    assert slugs(*environments) == (["platform", "production"] if needs_two else ["platform"])


@pytest.mark.parametrize("change_class", ChangeClass)
@pytest.mark.parametrize("new_tenant", [True, False])
def test_no_request_goes_without_approval(change_class: ChangeClass, new_tenant: bool) -> None:
    facts = Facts(environments=(), change_class=change_class, new_tenant=new_tenant)
    assert sum(stage.needed for stage in required_stages(facts)) >= 1


def test_nothing_given() -> None:
    found = progress(required_stages(PRODUCTION), [])
    assert not found.is_met
    assert found.next is not None
    assert found.next.slug == "platform"
    assert [(s.given, s.missing) for s in found.stages] == [(0, 1), (0, 1)]


def test_one_of_two_given() -> None:
    found = progress(required_stages(PRODUCTION), [approve("bob")])
    assert found.next is not None
    assert found.next.slug == "production"
    assert not found.is_met
    assert [s.deciders for s in found.stages] == [("bob",), ()]


def test_two_different_people_are_enough() -> None:
    found = progress(required_stages(PRODUCTION), [approve("bob"), approve("carol", "production")])
    assert found.is_met
    assert found.next is None


@pytest.mark.parametrize(
    "second",
    [
        approve("bob", "production"),
        approve("carol", "production", void=True),
        approve("carol", "production", verdict="reject"),
        approve("carol", "production", verdict="return"),
        approve("carol", "security"),
        approve("alice", "production"),
    ],
    ids=["same person", "void", "reject", "return", "another stage", "the requester"],
)
def test_what_does_not_count_as_the_second(second: DecisionView) -> None:
    found = progress(required_stages(PRODUCTION), [approve("bob"), second], requester="alice")
    assert not found.is_met
    assert [s.given for s in found.stages] == [1, 0]


def test_a_stage_that_needs_two_counts_two() -> None:
    stage = RequiredStage(slug="platform", title="", needed=2, who="", why="")
    assert progress([stage], [approve("bob"), approve("bob")]).next == stage
    assert progress([stage], [approve("bob"), approve("carol")]).is_met


def test_no_stages_is_nobodys_approval() -> None:
    assert not progress([], [approve("bob")]).is_met


def test_stages_survive_the_way_to_json() -> None:
    stages = required_stages(PRODUCTION)
    assert tuple(RequiredStage(**asdict(stage)) for stage in stages) == stages


def test_the_table_reads_aloud() -> None:
    assert read_aloud() == (
        "- **Platform** (`platform`), for every request: "
        "one approval by a platform admin, never by the requester.\n"
        "- **Production** (`production`), when a production cluster is touched: "
        "one approval by another platform admin, never by the requester.\n"
    )
    assert len({rule.slug for rule in APPROVAL_RULES}) == len(APPROVAL_RULES)
