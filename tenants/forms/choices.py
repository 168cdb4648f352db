"""The rows a form offers as cards: those the operation offers, with words from the inventory."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count

from tenants import approval, desired_state
from tenants.forms.fields import Card
from tenants.forms.quantities import quota_words
from tenants.inventory import Environment
from tenants.models import Cluster, SizeClass, Tenant
from tenants.operations.base import ChangeClass, Operation
from tenants.operations.fields import Source


def cards_for(
    operation: Operation[Any], tenant: Tenant | None
) -> Mapping[Source, tuple[Card, ...]]:
    """Cards by source. No cluster yet means no cards: the form then says what is missing."""
    try:
        before = desired_state.before(operation, tenant=tenant, values={})
    except desired_state.NoFleet:
        return {}
    offered = operation.offers(before)
    clusters = [choice.value for choice in offered.get(Source.CLUSTERS, ())]
    sizes = [choice.value for choice in offered.get(Source.SIZE_CLASSES, ())]
    return {
        Source.CLUSTERS: _clusters(clusters, operation.change_class),
        Source.SIZE_CLASSES: tuple(
            Card(value=s.name, title=s.title or s.name, details=(", ".join(quota_words(s.quota)),))
            for s in SizeClass.objects.filter(name__in=sizes)
        ),
    }


def _clusters(names: list[str], change_class: ChangeClass) -> tuple[Card, ...]:
    order = {environment.value: place for place, environment in enumerate(Environment)}
    found = Cluster.objects.filter(name__in=names).annotate(tenants=Count("placements"))
    return tuple(
        Card(
            value=cluster.name,
            title=cluster.name,
            tag=cluster.environment,
            details=(_tenants(cluster.tenants), _approvals(cluster.environment, change_class)),
        )
        for cluster in sorted(found, key=lambda c: (order[c.environment], c.name))
    )


def _tenants(count: int) -> str:
    return "no tenant yet" if count == 0 else "1 tenant" if count == 1 else f"{count} tenants"


def _approvals(environment: str, change_class: ChangeClass) -> str:
    facts = approval.Facts(environments=(Environment(environment),), change_class=change_class)
    needed = sum(stage.needed for stage in approval.required_stages(facts))
    return "1 approval" if needed == 1 else f"{needed} approvals"
