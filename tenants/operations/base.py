"""What an operation is: a kind of change a person can ask for, described once.

The browser form, the REST schema, `manage.py render` and the docs are covers over one `Operation`.
How a wish becomes files:

1. `read(operation, raw)` turns what a person sent into a `Reading`; it never raises.
2. `operation.looks_up(reading.values)` says which names somebody has to look at for the `Before`.
3. `problems(operation, before, reading)` names every broken rule at once.
4. `operation.stages(before, reading.payload, facts)` says what should be, which paths the request
   owns and which names it holds.

Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from gitops.errors import InvalidSpec, Problem
from gitops.spec import Role, Spec
from tenants.inventory import Before, Environment, TenantFacts
from tenants.operations import parsing
from tenants.operations.facts import RequestFacts
from tenants.operations.fields import Choice, Field, Source, fields_of

P = TypeVar("P")
Q = TypeVar("Q", contravariant=True)


class ChangeClass(StrEnum):
    """What a request does to the fleet, as far as approval is concerned."""

    NEW_TENANT = "new-tenant"
    ADDS_NAMESPACE = "adds-namespace"


class Asker(StrEnum):
    """Who may ask for an operation."""

    ANYONE = "anyone"
    TENANT_OWNER_OR_MEMBER = "tenant-owner-or-member"
    ADMIN = "admin"


class ClaimKind(StrEnum):
    """What kind of name a request can hold."""

    NAMESPACE = "namespace"
    TENANT = "tenant"
    REPOSITORY = "repository"  # its name is "owner/name@branch", in lower case


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A name a live request holds. `cluster` is empty for a tenant's, which counts everywhere."""

    kind: ClaimKind
    name: str
    cluster: str = ""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a request: what should be after it.

    `owned` are the paths it alone writes, by repository: directories end with "/". `waits_for` are
    sentences saying what has to be observed before it may start; the first stage has none.
    `tenant` is the tenant as it is afterwards, when the stage makes or changes one; its placements
    are in `specs`.
    """

    title: str
    specs: tuple[Spec, ...]
    owned: Mapping[Role, tuple[str, ...]]
    claims: tuple[Claim, ...] = ()
    waits_for: tuple[str, ...] = ()
    tenant: TenantFacts | None = None


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """The names whose neighbours in the world a `Before` has to know."""

    names: frozenset[str] = frozenset()  # of namespaces and tenants
    usernames: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()  # "owner/name", whatever the branch


@dataclass(frozen=True, kw_only=True)
class Check(Generic[P]):
    """A rule about the world. It runs when all fields it `reads` could be read."""

    reads: tuple[str, ...]
    find: Callable[[Before, P], Iterable[Problem]]


class Stages(Protocol[Q]):
    """Before, payload and request facts to stages. Raises nothing for a checked payload."""

    def __call__(
        self, before: Before, payload: Q, facts: RequestFacts = ..., /
    ) -> tuple[Stage, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[P]):
    """One kind of change. `title` is a button's words, `description` what happens, in plain words.

    `environments` answers in the order of `Environment`. `subject` is the name the request is
    about; when the request makes a tenant (`needs_tenant` is false) it is that tenant's.
    `offers` are the rows this `Before` allows to choose from.
    """

    name: str
    title: str
    description: str
    payload: type[P]
    change_class: ChangeClass
    asks: Asker
    needs_tenant: bool
    checks: tuple[Check[P], ...]
    stages: Stages[P]
    environments: Callable[[Before, P], tuple[Environment, ...]]
    subject: Callable[[P], str]
    sentence: Callable[[P], str]
    looks_up: Callable[[Mapping[str, Any]], Lookup]
    offers: Callable[[Before], Mapping[Source, tuple[Choice, ...]]]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The payload's fields, in the order a form shows them."""
        return fields_of(self.payload)

    def check(self, before: Before, payload: P) -> tuple[Problem, ...]:
        """Every rule about the world that a well-formed payload breaks."""
        if found := _tenant_problems(self, before):
            return found
        return tuple(p for check in self.checks for p in check.find(before, payload))


@dataclass(frozen=True, kw_only=True)
class Reading(Generic[P]):
    """What could be read of a wish. `payload` is None exactly when there are `problems`.

    `values` holds the fields that could be read even then, so that one look can name the broken
    ones and those that clash with the world.
    """

    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    payload: P | None = field(default=None)


def read(operation: Operation[P], raw: object) -> Reading[P]:
    """Read the `spec` of a request, whatever it is. Never raises."""
    values, problems = parsing.read_fields(operation.fields, raw)
    if problems:
        return Reading(values=values, problems=problems)
    return Reading(values=values, payload=operation.payload(**values))


def parse(operation: Operation[P], raw: object) -> P:
    """Read the `spec` of a request strictly. Raises InvalidSpec with every problem of its form."""
    reading = read(operation, raw)
    if reading.payload is None:
        raise InvalidSpec(reading.problems)
    return reading.payload


def problems(operation: Operation[P], before: Before, reading: Reading[P]) -> tuple[Problem, ...]:
    """Everything wrong with a wish: what could not be read, and what the world does not allow."""
    if found := _tenant_problems(operation, before):
        return (*found, *reading.problems)
    payload = reading.payload or _partial(operation.payload, reading.values)
    clashes = (
        problem
        for check in operation.checks
        if set(check.reads) <= reading.values.keys()
        for problem in check.find(before, payload)
    )
    return (*reading.problems, *clashes)


def _partial(payload: type[P], values: Mapping[str, Any]) -> P:
    """A payload with some fields missing. A check reads only those it names, which are there."""
    made = object.__new__(payload)
    vars(made).update(values)
    return made


def _tenant_problems(operation: Operation[Any], before: Before) -> tuple[Problem, ...]:
    if operation.needs_tenant and before.tenant is None:
        detail = "Say which tenant this is for; one that exists."
        return (Problem(pointer="/tenant", code="unknown-tenant", detail=detail),)
    return ()
