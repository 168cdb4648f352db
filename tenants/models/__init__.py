"""Rows of the domain: inventory, requests and decisions, access, audit."""

from tenants.models.access import ApiToken
from tenants.models.audit import AuditEvent, AuditHead
from tenants.models.inventory import (
    Cluster,
    ClusterGroup,
    Membership,
    Namespace,
    Placement,
    SizeClass,
    Tenant,
)
from tenants.models.requests import (
    Claim,
    Comment,
    Counter,
    Decision,
    ProposedChangeSet,
    Request,
    Revision,
)

__all__ = [
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "Claim",
    "Cluster",
    "ClusterGroup",
    "Comment",
    "Counter",
    "Decision",
    "Membership",
    "Namespace",
    "Placement",
    "ProposedChangeSet",
    "Request",
    "Revision",
    "SizeClass",
    "Tenant",
]
