"""What is merged enters the inventory: rows follow git, never the other way round."""

from datetime import date
from typing import Any

from django.contrib.auth import get_user_model

from gitops.models import Repository
from gitops.spec import NamespaceSpec, Role, TenantOnCluster
from tenants import desired_state
from tenants.inventory import TenantFacts
from tenants.models import (
    Cluster,
    Membership,
    Namespace,
    Placement,
    Request,
    Revision,
    SizeClass,
    Tenant,
)
from tenants.operations import OPERATIONS
from tenants.operations.base import ClaimKind, Stage, parse
from tenants.operations.facts import RequestFacts


def land(request: Request, revision: Revision, *, stage: int) -> None:
    """Write what one merged stage of a revision means into the inventory. Twice is once.

    Call in the transaction that records the merge of the stage's last platform change set.
    """
    operation = OPERATIONS[request.operation]
    payload = parse(operation, revision.payload)
    before = desired_state.before(
        operation,
        tenant=request.tenant,
        values={f.name: getattr(payload, f.name) for f in operation.fields},
        own=request,
    )
    facts = RequestFacts(purpose=revision.purpose, cost_centre=revision.cost_centre)
    apply(operation.stages(before, payload, facts)[stage - 1], request)


def apply(stage: Stage, request: Request | None = None) -> Tenant:
    """Write a stage's tenant, placements and named namespaces. Answers the tenant."""
    specs = [s for s in stage.specs if isinstance(s, TenantOnCluster)]
    tenant = _tenant(stage.tenant) if stage.tenant else Tenant.objects.get(slug=specs[0].tenant)
    named = {(c.cluster, c.name) for c in stage.claims if c.kind is ClaimKind.NAMESPACE}
    for spec in specs:
        cluster = Cluster.objects.get(name=spec.cluster)
        Placement.objects.get_or_create(tenant=tenant, cluster=cluster)
        for namespace in spec.namespaces:
            if (spec.cluster, namespace.name) in named:
                _namespace(tenant, cluster, namespace)
    if request is not None and request.tenant_id is None:
        Request.objects.filter(pk=request.pk).update(tenant=tenant)
        request.tenant = tenant
    return tenant


def _tenant(facts: TenantFacts) -> Tenant:
    owner, _, name = facts.repository.repository.rpartition("/")
    repository = Repository.objects.get(
        owner=owner, name=name, target_branch=facts.repository.branch, role=Role.TENANT
    )
    tenant, _ = Tenant.objects.update_or_create(
        slug=facts.slug,
        defaults={
            "home": facts.home,
            "repository": repository,
            "access_groups": list(facts.access_groups),
        },
    )
    users: Any = get_user_model().objects
    for member in facts.members:
        user = users.filter(username=member.username).first()
        if user is not None:  # the account may have gone since the request was made
            Membership.objects.update_or_create(
                tenant=tenant, user=user, defaults={"role": member.role}
            )
    return tenant


def _namespace(tenant: Tenant, cluster: Cluster, spec: NamespaceSpec) -> None:
    Namespace.objects.update_or_create(
        cluster=cluster,
        name=spec.name,
        defaults={
            "tenant": tenant,
            "size_class": SizeClass.objects.get(name=spec.size.name),
            "network": spec.network,
            "pod_security": spec.pod_security,
            "purpose": spec.purpose,
            "cost_centre": spec.cost_centre,
            "lease_until": date.fromisoformat(spec.lease) if spec.lease else None,
            "life": spec.life,
        },
    )
