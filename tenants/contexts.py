"""The facts a change set's commit and pull request are written from, gathered at approval."""

from datetime import datetime

from django.conf import settings

from gitops.changes import FileChange as Change
from gitops.messages import Approval, ChangedFile, Context
from gitops.models import ChangeSet
from tenants.models import Decision, Request, Revision
from tenants.operations import OPERATIONS
from tenants.operations.base import read


def context_of(
    request: Request, revision: Revision, row: ChangeSet, *, approved_at: datetime
) -> Context:
    """Who asked, who approved, why, and which files: everything that is known once approved."""
    operation = OPERATIONS[request.operation]
    payload = read(operation, revision.payload).payload
    approvals = revision.decisions.filter(
        verdict=Decision.Verdict.APPROVE, void=False
    ).select_related("decider")
    return Context(
        request_id=str(request.pk),
        number=request.number,
        revision=revision.number,
        tenant=request.tenant_slug,
        operation=request.operation,
        sentence=operation.sentence(payload) if payload is not None else operation.title,
        headline=f"{operation.title}: {request.subject}",
        requester=request.requester.username,
        approvals=tuple(Approval(by=d.decider.username, stage=d.stage) for d in approvals),
        purpose=revision.purpose,
        cost_centre=revision.cost_centre,
        external=f"{request.external_system} {request.external_id}".strip(),
        url=f"{settings.PUBLIC_URL}/requests/{request.number}/",
        digest=row.digest,
        request_digest=revision.digest,
        approved_at=int(approved_at.timestamp()),
        files=tuple(
            ChangedFile(
                kind=str(Change(path=c.path, before=c.before, after=c.after).kind), path=c.path
            )
            for c in row.file_changes.all()
        ),
        labels=("gatehouse", f"tenant/{request.tenant_slug}", *_environments(revision)),
    )


def _environments(revision: Revision) -> tuple[str, ...]:
    return tuple(f"environment/{name}" for name in revision.environments)
