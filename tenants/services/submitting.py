"""From a draft to a revision: immutable, with its bytes stored and its names held."""

from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from gitops.errors import InvalidSpec, Problem
from gitops.messages import branch_name
from gitops.models import ChangeSet, FileChange
from gitops.moving import advance, want_closed
from gitops.policies import Severity
from gitops.spec import Role
from gitops.states import TERMINAL, Move, State
from tenants import proposals
from tenants.models import Claim, ProposedChangeSet, Request, Revision
from tenants.planning import Part
from tenants.proposals import Proposal, Wish, propose
from tenants.services.common import check, fresh, move, void_decisions
from tenants.services.settling import refresh_phase
from tenants.workflow import Action

WAITS_FOR_APPROVAL = "approval"


def submit(request: Request, *, by: Any) -> Request:
    """Store the bytes, take the names, and put the request before the approvers.

    Raises `InvalidSpec` with every broken rule (a taken name, drift in the repository and what
    policies refuse among them); then nothing has changed.
    """
    with transaction.atomic():
        current = fresh(request)
        check(Action.SUBMIT, current, by)
        # The audit row is written first: its lock makes looking at names and taking them one step.
        move(
            current,
            Action.SUBMIT,
            by=by,
            revision_number=current.revision_number + 1,
            submitted_at=timezone.now(),
        )
        _store_revision(current, propose_stored(current), by=by, why="submitted")
        refresh_phase(current)
    return current


def refresh(request: Request, *, by: Any | None, why: str = "refreshed") -> Request:
    """A new revision of the same wish against the repository as it is now.

    `by` is `None` when the portal does it itself. Raises `InvalidSpec` when the wish cannot be
    planned any more.
    """
    with transaction.atomic():
        current = fresh(request)
        if by is not None:
            check(Action.REFRESH, current, by)
        move(current, Action.REFRESH, by=by, data={"why": why})
        new_revision(current, propose_stored(current), by=by, why=why)
        refresh_phase(current)
    return current


def propose_stored(request: Request) -> Proposal:
    """What the saved request means now."""
    external = (
        {
            "system": request.external_system,
            "id": request.external_id,
            "url": request.external_url,
        }
        if request.external_id
        else None
    )
    return propose(
        Wish(
            operation=request.operation,
            tenant=request.tenant.slug if request.tenant else "",
            payload=request.payload,
            purpose=request.purpose,
            cost_centre=request.cost_centre,
            external=external,
        ),
        own=request,
    )


def new_revision(request: Request, proposal: Proposal, *, by: Any | None, why: str) -> Revision:
    """Count up and store. Call in the transaction that moved the request. Raises `InvalidSpec`."""
    number = request.revision_number + 1
    Request.objects.filter(pk=request.pk).update(
        revision_number=number, submitted_at=timezone.now()
    )
    request.revision_number = number
    return _store_revision(request, proposal, by=by, why=why)


def _store_revision(request: Request, proposal: Proposal, *, by: Any | None, why: str) -> Revision:
    refuse(proposal)
    void_decisions(request)
    old = live_change_sets(request)
    revision = Revision.objects.create(
        request=request,
        number=request.revision_number,
        payload=request.payload,
        purpose=request.purpose,
        cost_centre=request.cost_centre,
        digest=proposal.digest,
        change_class=str(proposal.change_class),
        environments=[str(e) for e in proposal.environments],
        approval=[asdict(stage) for stage in proposal.approval],
        verdicts=[verdict_json(v) for v in proposal.verdicts],
        base=[_base(part) for part in proposal.parts],
        owned=[f"{p.repository.pk}:{path}" for p in proposal.parts for path in p.owned],
        renderer=proposals.RENDERER,
        why=why,
        created_by=by,
    )
    Request.objects.filter(pk=request.pk).update(
        tenant_slug=proposal.tenant_slug, subject=proposal.subject[:100]
    )
    request.tenant_slug, request.subject = proposal.tenant_slug, proposal.subject[:100]
    _store_change_sets(request, revision, proposal, old)
    _take_names(request, proposal)
    return revision


def refuse(proposal: Proposal) -> None:
    """Raise `InvalidSpec` when the proposal must not be put before anybody."""
    found = [*proposal.problems]
    found += [
        Problem(pointer="", code=str(o.kind), detail=f"{o.detail}.") for o in proposal.obstacles
    ]
    found += [
        Problem(pointer="", code=f"policy.{v.rule}", detail=f"{v.path}: {v.message} {v.fix}")
        for v in proposal.verdicts
        if v.severity is Severity.ERROR
    ]
    if not found and not proposal.parts:
        detail = "The repositories already hold all of this: there is nothing to change."
        found.append(Problem(pointer="", code="nothing-to-change", detail=detail))
    if found:
        raise InvalidSpec(found)


def live_change_sets(request: Request) -> list[ChangeSet]:
    """The request's change sets that are not over, whatever their revision."""
    rows = ChangeSet.objects.filter(proposed_change_set__revision__request=request)
    return list(rows.exclude(state__in=[s.value for s in TERMINAL]))


def verdict_json(verdict: Any) -> dict[str, Any]:
    return {
        name: getattr(verdict, name)
        for name in ("pack", "rule", "severity", "path", "line", "message", "fix")
    }


def _base(part: Part) -> dict[str, Any]:
    seen = part.repository.base_observed_at
    return {
        "repository": part.repository.full_name,
        "branch": part.repository.target_branch,
        "commit": part.repository.base_commit,
        "observed_at": seen.isoformat() if seen else None,
    }


def _store_change_sets(
    request: Request, revision: Revision, proposal: Proposal, old: list[ChangeSet]
) -> None:
    by_place = {(c.repository_id, c.stage): c for c in old}
    for part in proposal.parts:
        _save_repository(part)
        before = by_place.pop((part.repository.pk, part.stage), None)
        if before is not None:
            advance(before, Move.SUPERSEDE)
        row = _change_set(request, part, proposal, before)
        row.save(force_insert=True)
        FileChange.objects.bulk_create(
            FileChange(
                change_set=row, path=c.path, before=c.before, after=c.after, ownership=c.ownership
            )
            for c in part.plan.changes
        )
        ProposedChangeSet.objects.create(revision=revision, change_set=row)
    for leftover in by_place.values():
        want_closed(leftover)


def _save_repository(part: Part) -> None:
    if part.repository._state.adding:
        part.repository.next_look_at = timezone.now()
        part.repository.save(force_insert=True)


def _change_set(
    request: Request, part: Part, proposal: Proposal, before: ChangeSet | None
) -> ChangeSet:
    row = ChangeSet(
        repository=part.repository,
        state=State.PROPOSED,
        stage=part.stage,
        request_ref=request.pk,
        digest=part.digest,
        branch=_branch(request, part, proposal),
        planned_from=part.repository.base_commit,
        waiting_for=WAITS_FOR_APPROVAL,
        supersedes=before,
    )
    if before is not None:
        # The same branch and pull request go on with the new bytes.
        row.replaces_commit = before.commit or before.replaces_commit
        row.pull_request_number = before.pull_request_number
        row.pull_request_url = before.pull_request_url
        row.pull_request_state = before.pull_request_state
        row.opened_at = before.opened_at
    return row


def _branch(request: Request, part: Part, proposal: Proposal) -> str:
    words = []
    platforms = {p.repository.full_name for p in proposal.parts if p.role is Role.PLATFORM}
    if part.role is Role.TENANT and part.repository.full_name in platforms:
        words.append("tenant")  # a branch of the platform repository: two branches, two names
    if part.stage > 1:
        words.append(f"stage{part.stage}")
    return branch_name(
        tenant=proposal.tenant_slug,
        number=request.number,
        request_id=str(request.pk),
        suffix="-".join(words),
    )


def _take_names(request: Request, proposal: Proposal) -> None:
    """Hold the names of this revision and let go of the ones the last one held."""
    wanted = {(str(c.kind), c.cluster, c.name) for s in proposal.stages for c in s.claims}
    held = {
        (c.kind, c.cluster, c.name): c
        for c in Claim.objects.filter(request=request, released_at=None)
    }
    gone = [claim.pk for key, claim in held.items() if key not in wanted]
    Claim.objects.filter(pk__in=gone).update(released_at=timezone.now())
    try:
        with transaction.atomic():
            Claim.objects.bulk_create(
                Claim(kind=kind, cluster=cluster, name=name, request=request)
                for kind, cluster, name in sorted(wanted - held.keys())
            )
    except IntegrityError as error:
        detail = "Another request asks for this name already."
        problem = Problem(pointer="/spec/name", code="taken", detail=detail)
        raise InvalidSpec([problem]) from error
