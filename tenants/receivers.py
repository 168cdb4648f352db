"""When delivery advances: audit, inventory, conditions, the next stage, the derived columns.

Everything here runs inside the transaction that moved the change set; raising undoes the move.
"""

import logging
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from gitops.errors import InvalidSpec
from gitops.models import ChangeSet, Condition, Repository
from gitops.signals import (
    base_moved_under,
    change_set_advanced,
    change_set_advancing,
    condition_observed,
    first_seen,
)
from gitops.spec import Role
from gitops.states import LANDED, Move, State
from tenants import audit, landing
from tenants.errors import DomainError
from tenants.models import Cluster, ProposedChangeSet, Request, Revision
from tenants.services.common import take_turn
from tenants.services.ending import invalidate
from tenants.services.settling import refresh_phase
from tenants.services.submitting import refresh

log = logging.getLogger(__name__)

RECONCILED = "Reconciled"
NOT_REPORTING = "NotReporting"


@receiver(change_set_advancing)
def on_advancing(**_: Any) -> None:
    """Before the row itself is locked: people's verbs lock the other way round otherwise."""
    take_turn()


@receiver(change_set_advanced)
def on_advanced(change_set: ChangeSet, move: Move, before: State, **_: Any) -> None:
    """Record the move, and let the request follow."""
    link = _link(change_set)
    if link is None:
        return
    revision = link.revision
    request = revision.request
    _audit(request, change_set, move, before)
    if change_set.state in LANDED:
        _landed(request, revision, change_set)
    refresh_phase(request)


@receiver(base_moved_under)
def on_base_moved(change_set: ChangeSet, **_: Any) -> None:
    """The approval is void: the same wish is planned again and goes back to the approvers.

    When it cannot be planned any more (drift, a broken rule), the change set is left as it is,
    and delivery asks a person.
    """
    link = _link(change_set)
    if link is None:
        return
    repository = change_set.repository.full_name
    try:
        invalidate(link.revision.request, why=f"{repository} changed at these paths")
    except (InvalidSpec, DomainError) as error:
        log.warning(
            "request cannot be planned again",
            extra={"change_set": str(change_set.pk), "why": str(error)},
        )


@receiver(first_seen)
def on_first_seen(repository: Repository, **_: Any) -> None:
    """Plan again what was submitted before anybody had looked into the repository."""
    links = ProposedChangeSet.objects.filter(
        change_set__repository=repository,
        change_set__state=State.PROPOSED,
        change_set__planned_from="",
    ).select_related("revision__request")
    for request in {link.revision.request for link in links}:
        try:
            refresh(request, by=None, why=f"first look into {repository.full_name}")
        except (InvalidSpec, DomainError) as error:
            log.warning(
                "request cannot be planned again",
                extra={"request": request.number, "why": str(error)},
            )


@receiver(condition_observed)
def on_condition(change_set: ChangeSet, **_: Any) -> None:
    """A cluster reported: the request may be over now."""
    link = _link(change_set)
    if link is not None:
        refresh_phase(link.revision.request)


def _link(change_set: ChangeSet) -> ProposedChangeSet | None:
    return (
        ProposedChangeSet.objects.select_related(
            "revision__request__tenant", "revision__request__requester"
        )
        .filter(change_set=change_set)
        .first()
    )


def _audit(request: Request, change_set: ChangeSet, move: Move, before: State) -> None:
    facts = {
        "number": request.number,
        "change_set": str(change_set.pk),
        "repository": change_set.repository.full_name,
        "from": str(before),
        "to": str(change_set.state),
    }
    for name in ("reason", "commit", "merge_commit", "pull_request_url", "digest"):
        if value := getattr(change_set, name):
            facts[name] = value
    audit.record(
        actor=audit.SYSTEM,
        action=f"change-set.{move}",
        object_type="request",
        object_id=str(request.pk),
        tenant=request.tenant_slug,
        data=facts,
    )


def _landed(request: Request, revision: Revision, change_set: ChangeSet) -> None:
    stage = [
        link.change_set
        for link in revision.proposed_change_sets.select_related("change_set__repository")
        if link.change_set.stage == change_set.stage
    ]
    if change_set.repository.role == Role.PLATFORM:
        _expect_reports(revision, change_set)
        platform = [row for row in stage if row.repository.role == Role.PLATFORM]
        if all(row.state in LANDED for row in platform):
            landing.land(request, revision, stage=change_set.stage)
    if all(row.state in LANDED for row in stage):
        _release_next(revision, change_set.stage + 1)


def _expect_reports(revision: Revision, change_set: ChangeSet) -> None:
    """One condition per cluster the change reaches, unknown until the cluster says more."""
    now = timezone.now()
    for cluster in _clusters(change_set):
        reason, message = (
            ("WaitingForReport", "Flux has not reported this commit yet.")
            if cluster.reports
            else (NOT_REPORTING, "Flux on this cluster does not report to Gatehouse.")
        )
        Condition.objects.get_or_create(
            change_set=change_set,
            type=RECONCILED,
            source=cluster.name,
            defaults={
                "status": Condition.Status.UNKNOWN,
                "reason": reason,
                "message": message,
                "commit": change_set.merge_commit,
                "observed_at": now,
            },
        )


def _clusters(change_set: ChangeSet) -> list[Cluster]:
    """The clusters whose directories a change set writes: the second segment of its paths."""
    names = {path.split("/")[1] for path in change_set.file_changes.values_list("path", flat=True)}
    return list(Cluster.objects.filter(name__in=names, repository=change_set.repository))


def _release_next(revision: Revision, stage: int) -> None:
    """Make the next stage's approved change sets due."""
    ChangeSet.objects.filter(
        proposed_change_set__revision=revision, stage=stage, state=State.PENDING
    ).update(next_run_at=timezone.now(), waiting_for="")
