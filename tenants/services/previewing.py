"""What a page or a script is shown before anything is saved, and of what is saved."""

import uuid
from dataclasses import dataclass
from typing import Any

from gitops.changes import FileChange as Change
from gitops.changes import Obstacle
from gitops.errors import Problem
from gitops.policies import Severity, Verdict
from gitops.rendered import ManualStep
from tenants import permissions
from tenants.approval import RequiredStage
from tenants.models import Request, Tenant
from tenants.operations import OPERATIONS
from tenants.proposals import RepositoryBase, Wish, known_texts, propose
from tenants.queries import actor, blockers, revision_of


@dataclass(frozen=True, kw_only=True)
class PreviewFile:
    """One changed file with its texts. `before` is `None` when the file is new, or when the
    portal never kept that text (`before_blob` then says which it is)."""

    repository_id: uuid.UUID
    repository: str
    branch: str
    path: str
    kind: str  # add, modify, delete
    before: str | None
    after: str | None
    ownership: str
    before_blob: str | None = None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The files, checks and approvals of a wish; with `problems`, the rest may be empty."""

    problems: tuple[Problem, ...] = ()
    digest: str = ""
    files: tuple[PreviewFile, ...] = ()
    bases: tuple[RepositoryBase, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    change_class: str = ""
    environments: tuple[str, ...] = ()
    approval: tuple[RequiredStage, ...] = ()
    steps: tuple[ManualStep, ...] = ()
    blocked_by: tuple[Request, ...] = ()
    sentence: str = ""


def preview(
    *,
    by: Any,
    operation: str,
    tenant: str = "",
    payload: object = None,
    purpose: object = "",
    cost_centre: object = "",
    request: Request | None = None,
) -> Preview:
    """What this wish would mean now. Nothing is saved, and no input makes it raise.

    `request` is the saved request being edited: the names it holds are its own.
    """
    known = OPERATIONS.get(operation)
    if known is not None and known.needs_tenant and not _knows(by, tenant):
        detail = "Say which tenant this is for; one of yours."
        return Preview(problems=(Problem(pointer="/tenant", code="unknown-tenant", detail=detail),))
    proposal = propose(
        Wish(
            operation=operation,
            tenant=tenant,
            payload=payload,
            purpose=purpose,
            cost_centre=cost_centre,
        ),
        own=request,
    )
    return Preview(
        problems=proposal.problems,
        digest=proposal.digest,
        files=tuple(
            PreviewFile(
                repository_id=f.repository.pk,
                repository=f.repository.full_name,
                branch=f.branch,
                path=f.path,
                kind=f.kind,
                before=f.before,
                after=f.after,
                ownership=str(f.ownership),
                before_blob=f.change.before,
            )
            for f in proposal.files()
        ),
        bases=proposal.bases,
        verdicts=proposal.verdicts,
        obstacles=proposal.obstacles,
        change_class=str(proposal.change_class or ""),
        environments=tuple(str(e) for e in proposal.environments),
        approval=proposal.approval,
        steps=proposal.steps,
        sentence=proposal.sentence,
    )


def _knows(by: Any, tenant: str) -> bool:
    return (
        isinstance(tenant, str)
        and permissions.may_see(actor(by), tenant)
        and Tenant.objects.filter(slug=tenant).exists()
    )


def preview_stored(request: Request) -> Preview:
    """The bytes of the current revision, exactly as approvers decide about them."""
    revision = revision_of(request)
    if revision is None:
        return Preview()
    links = revision.proposed_change_sets.select_related("change_set__repository")
    rows = [link.change_set for link in links.prefetch_related("change_set__file_changes")]
    changes = [(row, c) for row in rows for c in row.file_changes.all()]
    texts = known_texts(c.before for _, c in changes)
    return Preview(
        digest=revision.digest,
        files=tuple(
            PreviewFile(
                repository_id=row.repository_id,
                repository=row.repository.full_name,
                branch=row.repository.target_branch,
                path=c.path,
                kind=str(Change(path=c.path, before=c.before, after=c.after).kind),
                before=texts.get(c.before or ""),
                after=c.after,
                ownership=c.ownership,
                before_blob=c.before,
            )
            for row, c in changes
        ),
        bases=tuple(
            RepositoryBase(
                repository=row.repository.full_name,
                branch=row.repository.target_branch,
                commit=row.planned_from,
                observed_at=row.created_at,
            )
            for row in rows
        ),
        verdicts=tuple(
            Verdict(**(v | {"severity": Severity(v["severity"])})) for v in revision.verdicts
        ),
        change_class=revision.change_class,
        environments=tuple(revision.environments),
        approval=tuple(RequiredStage(**stage) for stage in revision.approval),
        blocked_by=tuple(blockers(request)),
    )
