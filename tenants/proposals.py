"""From a wish to the bytes it means: read, checked, rendered, planned, judged. Nothing is saved.

What a page shows, what the API previews and what submit stores come from this one place, so they
are the same bytes.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gitops import digests, policies
from gitops.changes import FileChange, Obstacle, Plan, TreeEntry, plan
from gitops.errors import InvalidSpec, Problem
from gitops.models import Blob, Repository, RepositoryFile
from gitops.models.repository import below
from gitops.policies import Verdict
from gitops.rendered import ManualStep, Rendered
from gitops.rendering import render
from gitops.spec import Ownership, Role, TenantOnCluster
from tenants import approval, desired_state
from tenants.inventory import Before, Environment
from tenants.models import Request, Tenant
from tenants.operations import OPERATIONS
from tenants.operations.base import ChangeClass, Operation, Stage, problems, read
from tenants.operations.facts import RequestFacts, read_request_facts

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
class Part:
    """The changes of one stage in one repository: what becomes a change set."""

    stage: int
    role: Role
    repository: Repository
    plan: Plan
    owned: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digests.change_set_digest(
            str(self.repository.pk), self.repository.target_branch, self.plan.changes
        )


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
        repositories = [_repositories(stage, tenant) for stage in stages]
    except InvalidSpec as error:
        return Proposal(**common, problems=error.problems)
    parts = tuple(
        _part(number, role, repository, stage, result)
        for number, (stage, result, by_role) in enumerate(
            zip(stages, rendered, repositories, strict=True), start=1
        )
        for role, repository in by_role.items()
    )
    return Proposal(
        **common,
        parts=tuple(p for p in parts if p.plan.changes or p.plan.obstacles),
        verdicts=_verdicts(parts, rendered, before, stages, slug),
        steps=tuple(step for result in rendered for step in result.steps),
    )


def insecure_hosts() -> tuple[str, ...]:
    """Hosts Flux may be pointed at by plain http: the local forge, while it is on loopback."""
    address = urlsplit(settings.PUBLIC_URL)
    return (address.netloc,) if address.scheme == "http" else ()


def _repositories(stage: Stage, tenant: Tenant | None) -> dict[Role, Repository]:
    """Which repository each role of the stage means. Raises `InvalidSpec`."""
    clusters = {spec.cluster for spec in _on_clusters(stage)}
    found = Repository.objects.filter(clusters__name__in=clusters).distinct()
    platforms = list(found.select_related("connection"))
    if len(platforms) != 1:
        detail = "These clusters have different platform repositories; ask for each by itself."
        problem = Problem(pointer="/spec/clusters", code="several-repositories", detail=detail)
        raise InvalidSpec([problem])
    roles = {Role.PLATFORM: platforms[0]}
    if Role.TENANT in stage.owned:
        roles[Role.TENANT] = _tenant_repository(stage, tenant, platforms[0])
    return roles


def _tenant_repository(stage: Stage, tenant: Tenant | None, platform: Repository) -> Repository:
    """The tenant's repository; for a new tenant a row that is saved with the request."""
    if tenant is not None:
        return tenant.repository
    if stage.tenant is None:
        raise ValueError(f"Stage {stage.title!r} writes to a repository of no known tenant.")
    facts = stage.tenant.repository
    owner, _, name = facts.repository.rpartition("/")
    key = {
        "connection": platform.connection,
        "owner": owner,
        "name": name,
        "target_branch": facts.branch,
    }
    # The id follows from the key, so that previews of one wish have one digest.
    new_id = uuid.uuid5(platform.connection_id, f"{facts.repository}@{facts.branch}")
    known = Repository.objects.filter(**key).first()
    return known or Repository(id=new_id, **key, role=Role.TENANT)


def _part(
    number: int, role: Role, repository: Repository, stage: Stage, rendered: Rendered
) -> Part:
    owned = stage.owned.get(role, ())
    tree = snapshot(repository, owned)
    return Part(
        stage=number,
        role=role,
        repository=repository,
        plan=plan(tree, rendered.of_role(role), owned),
        owned=owned,
    )


def snapshot(repository: Repository, owned: Iterable[str]) -> Mapping[str, TreeEntry]:
    """What the portal knows of the owned paths and of what lies above them."""
    paths = list(owned)
    above = {
        "/".join(parts[:i])
        for parts in (p.rstrip("/").split("/") for p in paths)
        for i in range(1, len(parts) + 1)
    }
    rows = RepositoryFile.objects.filter(repository_id=repository.pk).filter(
        below([*paths, *sorted(above)])
    )
    return {
        row.path: TreeEntry(
            blob=row.blob,
            written=row.written,
            ownership=Ownership(row.ownership or Ownership.MANAGED),
        )
        for row in rows
    }


def _verdicts(
    parts: tuple[Part, ...],
    rendered: list[Rendered],
    before: Before,
    stages: tuple[Stage, ...],
    slug: str,
) -> tuple[Verdict, ...]:
    there = before.tenant.placements if before.tenant else ()
    known = {namespace.name for placement in there for namespace in placement.namespaces}
    for stage in stages:
        known |= {n.name for spec in _on_clusters(stage) for n in spec.namespaces}
    found: list[Verdict] = []
    for part in parts:
        result = rendered[part.stage - 1]
        context = policies.Context(
            role=part.role,
            tenant=slug,
            namespaces=frozenset(known),
            foreign=part.plan.foreign,
            insecure_hosts=frozenset(insecure_hosts()),
        )
        texts = {path: file.text for path, file in result.of_role(part.role).items()}
        found.extend(policies.verdicts(texts, context))
    return tuple(dict.fromkeys(found))


def _on_clusters(stage: Stage) -> list[TenantOnCluster]:
    return [spec for spec in stage.specs if isinstance(spec, TenantOnCluster)]
