"""Holding what clusters reported against what was merged: does that commit contain our merge?"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef

from gitops.delivery.work import Work
from gitops.errors import DeliveryError
from gitops.models import Condition, Report
from gitops.signals import condition_observed

RECONCILED = "Reconciled"


def hold(work: Work) -> None:
    """Move the conditions of this repository's landed change sets that a report speaks about.

    A report counts when the commit it names contains the merge; one of an older commit says
    nothing about it. The commit is looked for in the mirror, so Flux may be ahead of us for a
    moment: then the next pass finds it.
    """
    waiting = list(
        Condition.objects.filter(change_set__repository=work.repository, type=RECONCILED)
        .filter(Exists(Report.objects.filter(cluster=OuterRef("source"))))
        .exclude(status=Condition.Status.TRUE)
        .exclude(change_set__merge_commit="")
        .select_related("change_set")
    )
    reports = _reports(waiting) if waiting else {}
    for condition in waiting:
        report = reports.get((condition.source, _tenant(condition)))
        if report is not None and _contains(work, report.commit, condition):
            _observe(condition, report)


def _reports(waiting: Sequence[Condition]) -> dict[tuple[str, str], Report]:
    """The reports these conditions wait for, by cluster and tenant, in one query."""
    rows = Report.objects.filter(
        cluster__in={c.source for c in waiting}, tenant__in={_tenant(c) for c in waiting}
    )
    return {(row.cluster, row.tenant): row for row in rows}


def _tenant(condition: Condition) -> str:
    return str(condition.change_set.context.get("tenant", ""))


def _contains(work: Work, commit: str, condition: Condition) -> bool:
    merge = condition.change_set.merge_commit
    try:
        return commit == merge or (
            work.mirror.has_commit(commit) and work.mirror.is_ancestor(merge, commit)
        )
    except DeliveryError:
        return False


def _observe(condition: Condition, report: Report) -> None:
    status = Condition.Status.TRUE if report.ready else Condition.Status.FALSE
    with transaction.atomic():
        Condition.objects.filter(pk=condition.pk).update(
            status=status,
            reason=report.reason,
            message=report.message,
            commit=report.commit,
            observed_at=report.at,
        )
        condition_observed.send(Condition, change_set=condition.change_set, condition=condition)
