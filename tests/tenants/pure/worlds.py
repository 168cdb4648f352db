"""The corpus' fleet as an operation sees it, for tests of the pure part."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from tenants.inventory import Before
from tenants.operations import OPERATIONS
from tenants.operations.fleets import read_fleet
from tests.corpus.cases import fleet

TODAY = date(2026, 8, 1)
ADD = OPERATIONS["add-namespace"]
ONBOARD = OPERATIONS["onboard-tenant"]


def world(tenant: str | None = None, **changed: Any) -> Before:
    """The fleet as `tenant` sees it, with some of its parts exchanged."""
    return _world(tenant, fleet() | changed) if changed else _usual_world(tenant)


@cache
def _usual_world(tenant: str | None) -> Before:
    return _world(tenant, fleet())


def _world(tenant: str | None, described: Mapping[str, Any]) -> Before:
    before, problems = read_fleet(described, tenant=tenant, today=TODAY)
    assert before is not None, problems
    return before


def add_spec(**changed: Any) -> Mapping[str, Any]:
    """A good spec of add-namespace for iris-blue."""
    return {
        "name": "iris-blue-payments",
        "clusters": ["dev-1"],
        "size_class": "small",
        **changed,
    }


def onboard_spec(**changed: Any) -> Mapping[str, Any]:
    """A good spec of onboard-tenant."""
    return {
        "name": "tulip",
        "owners": ["alice"],
        "clusters": ["dev-1"],
        "size_class": "small",
        **changed,
    }
