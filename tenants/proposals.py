"""From a wish to the bytes it means: read, checked, rendered, planned, judged. Nothing is saved.

What a page shows, what the API previews and what submit stores come from this one place, so they
are the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gitops import digests
from gitops.changes import FileChange, Obstacle
from gitops.errors import InvalidSpec, Problem
from gitops.models import Blob, Repository
from gitops.policies import Verdict
from gitops.rendered import ManualStep
from gitops.rendering import render
from gitops.spec import Ownership, Role
from tenants import approval, desired_state
from tenants.inventory import Before, Environment
from tenants.models import Request, Tenant
from tenants.operations import OPERATIONS
from tenants.operations.base import ChangeClass, Operation, Stage, problems, read
from tenants.operations.facts import RequestFacts, read_request_facts
from tenants.planning import Part, insecure_hosts, parts_of, verdicts_on

RENDERER = "1"
"""Goes up when the same specs give other bytes; recorded on revisions, never hashed."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person sent, unread: `payload` may be anything JSON can hold."""

    operation: str
    tenant: str = ""
    payload: object = None
    purpose: object = ""
    cost_centre: object = ""
    external: object = None


@dataclass(frozen=True, kw_only=True)
class ProposedFile:
    """One file of a proposal, with the texts for a diff. `before` is unknown (None) when the
    portal never stored that text."""

    role: Role
    repository: Repository
    change: FileChange
    before: str | None

    @property
    def path(self) -> str:
        return self.change.path

    @property
    def kind(self) -> str:
        return str(self.change.kind)

    @property
    def after(self) -> str | None:
        return self.change.after

    @property
    def ownership(self) -> Ownership:
        return self.change.ownership

    @property
    def branch(self) -> str:
        return self.repository.target_branch


@dataclass(frozen=True, kw_only=True)
class RepositoryBase:
    """Against which commit a proposal was planned, and when that was seen."""

    repository: str
    branch: str
    commit: str
    observed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A wish carried as far as it goes. With `problems`, the rest may be empty."""

    operation: Operation[Any] | None = None
    facts: RequestFacts = field(default_factory=RequestFacts)
    payload: Any = None
    tenant_slug: str = ""
    problems: tuple[Problem, ...] = ()
    stages: tuple[Stage, ...] = ()
    parts: tuple[Part, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    steps: tuple[ManualStep, ...] = ()
    environments: tuple[Environment, ...] = ()

    @property
    def digest(self) -> str:
        return digests.request_digest([part.digest for part in self.parts]) if self.parts else ""

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        return tuple(o for part in self.parts for o in part.plan.obstacles)

    @property
    def change_class(self) -> ChangeClass | None:
        return self.operation.change_class if self.operation else None

    @property
    def approval(self) -> tuple[approval.RequiredStage, ...]:
        if self.operation is None or self.problems:
            return ()
        return approval.required_stages(
            approval.Facts(environments=self.environments, change_class=self.operation.change_class)
        )

    @property
    def subject(self) -> str:
        return self.operation.subject(self.payload) if self.operation and self.payload else ""

    @property
    def sentence(self) -> str:
        return self.operation.sentence(self.payload) if self.operation and self.payload else ""

    @property
    def bases(self) -> tuple[RepositoryBase, ...]:
        return tuple(
            RepositoryBase(
                repository=part.repository.full_name,
                branch=part.repository.target_branch,
                commit=part.repository.base_commit,
                observed_at=part.repository.base_observed_at,
            )
            for part in self.parts
        )

    def files(self) -> tuple[ProposedFile, ...]:
        """Every changed file, platform repository first, with the text it has now."""
        changes = [(part, change) for part in self.parts for change in part.plan.changes]
        texts = known_texts(change.before for _, change in changes)
        return tuple(
            ProposedFile(
                role=part.role,
                repository=part.repository,
                change=change,
                before=texts.get(change.before or ""),
            )
            for part, change in changes
        )


def known_texts(blobs: Iterable[str | None]) -> dict[str, str]:
    """The stored texts of these blobs, by id."""
    wanted = [blob for blob in blobs if blob]
    return dict(Blob.objects.filter(pk__in=wanted).values_list("pk", "text"))


def propose(wish: Wish, *, own: Request | None = None) -> Proposal:
    """Carry a wish as far as it goes; every broken rule is in `problems`. Never raises for input.

    Names that `own`, a saved request, holds itself do not count as taken.
    """
    operation = OPERATIONS.get(wish.operation)
    if operation is None:
        known = ", ".join(OPERATIONS)
        detail = f"There is no such operation. Choose one of: {known}."
        return Proposal(
            problems=(Problem(pointer="/operation", code="unknown-operation", detail=detail),)
        )
    tenant = _tenant(wish.tenant) if operation.needs_tenant else None
    reading = read(operation, wish.payload)
    facts, wrong_facts = read_request_facts(
        purpose=wish.purpose, cost_centre=wish.cost_centre, external=wish.external
    )
    try:
        before = desired_state.before(operation, tenant=tenant, values=reading.values, own=own)
    except desired_state.NoFleet as error:
        return Proposal(
            operation=operation,
            problems=(Problem(pointer="", code="no-fleet", detail=str(error)),),
        )
    wrong = (*problems(operation, before, reading), *wrong_facts)
    slug = tenant.slug if tenant else ""
    if wrong or reading.payload is None:
        return Proposal(operation=operation, facts=facts, tenant_slug=slug, problems=wrong)
    return _carry_out(operation, before, reading.payload, facts, tenant)


def _tenant(slug: str) -> Tenant | None:
    if not isinstance(slug, str) or "\0" in slug:
        return None
    return Tenant.objects.filter(slug=slug).first()


def _carry_out(
    operation: Operation[Any],
    before: Before,
    payload: Any,
    facts: RequestFacts,
    tenant: Tenant | None,
) -> Proposal:
    stages = operation.stages(before, payload, facts)
    slug = tenant.slug if tenant else operation.subject(payload)
    common = {
        "operation": operation,
        "facts": facts,
        "payload": payload,
        "tenant_slug": slug,
        "stages": stages,
        "environments": operation.environments(before, payload),
    }
    try:
        rendered = [render(s.specs, allow_insecure_hosts=insecure_hosts()) for s in stages]
        parts = tuple(
            part
            for number, (stage, result) in enumerate(zip(stages, rendered, strict=True), start=1)
            for part in parts_of(number, stage, result, tenant)
        )
    except InvalidSpec as error:
        return Proposal(**common, problems=error.problems)
    return Proposal(
        **common,
        parts=tuple(p for p in parts if p.plan.changes or p.plan.obstacles),
        verdicts=verdicts_on(parts, rendered, before, stages, slug),
        steps=tuple(step for result in rendered for step in result.steps),
    )
