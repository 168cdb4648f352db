"""Decisions: a yes, a no or a return about exactly the bytes that were shown."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from gitops import digests
from gitops.errors import InvalidSpec, Problem
from gitops.fitting import Fit, fit, stored
from gitops.models import ChangeSet
from gitops.moving import advance, want_closed
from gitops.states import Move, State
from tenants.contexts import context_of
from tenants.errors import NotPermitted, StaleRequest
from tenants.models import Decision, Request, Revision
from tenants.queries import approval_progress, blockers
from tenants.services.common import check, current_revision, fresh, move, moved_on
from tenants.services.settling import refresh_phase
from tenants.services.submitting import live_change_sets
from tenants.workflow import Action

PLATFORM = "platform"


def approve(request: Request, *, by: Any, digest: str, comment: str = "") -> Request:
    """Say yes to the bytes with this digest. The last yes needed makes the change sets due.

    Raises `StaleRequest` (with the current digest) when these are not the bytes any more, or when
    the repository moved under them; `NotPermitted`; `TransitionNotAllowed`.
    """
    with transaction.atomic():
        current, revision = _deciding(request, Action.APPROVE, by)
        _same_bytes(revision, digest)
        _not_blocked(current)
        _still_fits(revision)
        stage = approval_progress(revision).next
        if stage is None:
            raise moved_on(current)
        _decide(revision, by, Decision.Verdict.APPROVE, stage=stage.slug, comment=comment)
        data = {"stage": stage.slug, "digest": digest, "comment": comment}
        if approval_progress(revision).is_met:
            now = timezone.now()
            move(current, Action.APPROVE, by=by, data=data, decided_at=now)
            _release(current, revision)
        else:
            move(current, Action.APPROVE, by=by, data=data, stay=True)
        refresh_phase(current)
    return current


def reject(request: Request, *, by: Any, comment: str, digest: str = "") -> Request:
    """Say no; `comment` must say why. Everything the request holds is let go."""
    return _turn_down(request, Action.REJECT, Decision.Verdict.REJECT, by, comment, digest)


def return_(request: Request, *, by: Any, comment: str, digest: str = "") -> Request:
    """Ask the requester for changes; `comment` must say which."""
    return _turn_down(request, Action.RETURN, Decision.Verdict.RETURN, by, comment, digest)


def _turn_down(
    request: Request, action: Action, verdict: str, by: Any, comment: str, digest: str
) -> Request:
    if not comment.strip():
        detail = "Say why: the requester reads it."
        raise InvalidSpec([Problem(pointer="/comment", code="required", detail=detail)])
    with transaction.atomic():
        current, revision = _deciding(request, action, by)
        if digest:
            _same_bytes(revision, digest)
        stage = approval_progress(revision).next
        slug = stage.slug if stage else PLATFORM
        _decide(revision, by, verdict, stage=slug, comment=comment)
        data = {"digest": revision.digest, "comment": comment}
        move(current, action, by=by, data=data, decided_at=timezone.now())
        for row in live_change_sets(current):
            want_closed(row)
        refresh_phase(current)
    return current


def _deciding(request: Request, action: Action, by: Any) -> tuple[Request, Revision]:
    current = fresh(request)
    check(action, current, by)
    revision = current_revision(current)
    if revision is None:
        raise moved_on(current)
    return current, revision


def _same_bytes(revision: Revision, digest: str) -> None:
    if digest != revision.digest:
        raise StaleRequest(
            "These are not the files you were shown: the request was changed since.",
            current_digest=revision.digest,
        )


def _not_blocked(request: Request) -> None:
    first = blockers(request)
    if first:
        numbers = ", ".join(f"#{r.number}" for r in first)
        raise NotPermitted(f"{numbers} owns the same files and goes first.")


def _still_fits(revision: Revision) -> None:
    """The snapshot still holds what the bytes were planned from, and the bytes are untouched."""
    rows = [p.change_set for p in revision.proposed_change_sets.select_related("change_set")]
    if digests.request_digest([_digest(row) for row in rows]) != revision.digest:
        raise StaleRequest(
            "The stored files do not have the digest they were submitted with.",
            current_digest=revision.digest,
        )
    for row in rows:
        if not row.repository.base_commit:
            why = row.repository.snapshot_error or "try again in a few seconds"
            raise NotPermitted(f"Nobody has seen {row.repository.full_name} yet: {why}.")
        changes = [stored(c.path, c.before, c.after) for c in row.file_changes.all()]
        here = row.repository.files.filter(path__in=[c.path for c in changes])
        if fit(changes, dict(here.values_list("path", "blob"))) is Fit.STALE:
            raise StaleRequest(
                f"{row.repository.full_name} changed at these paths. Refresh the request, look "
                "again, and decide then.",
                current_digest=revision.digest,
            )


def _digest(row: ChangeSet) -> str:
    return digests.change_set_digest(
        str(row.repository_id), row.repository.target_branch, list(row.file_changes.all())
    )


def _decide(revision: Revision, by: Any, verdict: str, *, stage: str, comment: str) -> None:
    try:
        with transaction.atomic():
            Decision.objects.create(
                revision=revision,
                stage=stage,
                verdict=verdict,
                digest=revision.digest,
                comment=comment,
                decider=by,
                requester=revision.request.requester,
            )
    except IntegrityError as error:
        raise NotPermitted("You have already decided about this revision.") from error


def _release(request: Request, revision: Revision) -> None:
    """Make the first stage's change sets due; later ones wait for it."""
    now = timezone.now()
    for link in revision.proposed_change_sets.select_related("change_set__repository"):
        row = link.change_set
        if row.state != State.PROPOSED:
            continue
        first = row.stage == 1
        advance(
            row,
            Move.APPROVE,
            approved_at=now,
            context=context_of(request, revision, row, approved_at=now).as_json(),
            next_run_at=now if first else None,
            waiting_for="" if first else f"stage {row.stage - 1}",
        )
