"""A request and its fleet in one document, as `manage.py render` takes it: no database. Pure.

    operation: add-namespace
    tenant: iris-blue
    purpose: Payments API for the pilot
    spec: {name: iris-blue-payments, clusters: [dev-1], size_class: small}
    fleet:
      platform_repository: platform/fleet
      clone_url: https://git.example.com/{repository}.git
      clusters: {dev-1: {environment: dev, flux: "2.9"}}
      size_classes: {small: {quota: {pods: 20}, limits: {…}, requests: {…}}}
      tenants: {iris-blue: {placements: {dev-1: [{name: iris-blue, size_class: small}]}}}

`docs/examples/` has whole ones. `fleet.users` left out means that nobody can look people up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gitops.errors import InvalidSpec, Problem
from tenants import operations
from tenants.inventory import Before
from tenants.operations.base import Operation, Reading, problems, read
from tenants.operations.facts import RequestFacts, read_request_facts
from tenants.operations.fleets import read_fleet
from tenants.operations.parsing import problem

_REQUEST_KEYS = ("purpose", "cost_centre", "external")
_KEYS = frozenset({"operation", "tenant", "spec", "fleet", *_REQUEST_KEYS})


@dataclass(frozen=True, kw_only=True)
class Document:
    """A wish that keeps every rule, and the world it was judged in."""

    operation: Operation[Any]
    before: Before
    payload: Any
    facts: RequestFacts


def read_document(raw: object, *, today: date) -> Document:
    """Read and judge a document. Raises InvalidSpec with every problem.

    `today` is what leases are measured from, unless `fleet.today` says another day.
    """
    if not isinstance(raw, Mapping):
        raise InvalidSpec(problem("", "wrong-type", "Write an object; see docs/examples."))
    found = [
        p for key in raw if key not in _KEYS for p in problem("", "unknown-field", _stranger(key))
    ]
    operation, none_such = _operation(raw.get("operation"))
    before, broken_fleet = read_fleet(raw.get("fleet"), tenant=raw.get("tenant"), today=today)
    found += [*none_such, *broken_fleet]
    facts, broken_facts = read_request_facts(
        **{key: raw[key] for key in _REQUEST_KEYS if key in raw}
    )
    reading: Reading[Any] = Reading(values={})
    if operation is not None:
        reading = read(operation, raw.get("spec"))
        found += problems(operation, before, reading) if before else reading.problems
    found += broken_facts
    if found or operation is None or before is None:
        raise InvalidSpec(found)
    return Document(operation=operation, before=before, payload=reading.payload, facts=facts)


def _stranger(key: object) -> str:
    shown = key if isinstance(key, str) and key.isprintable() and len(key) <= 100 else "this"
    return f"A document has no {shown}; see docs/examples."


def _operation(name: object) -> tuple[Operation[Any] | None, tuple[Problem, ...]]:
    operation = operations.OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        words = ", ".join(operations.OPERATIONS)
        return None, problem("/operation", "unknown-operation", f"Choose one of: {words}.")
    return operation, ()
