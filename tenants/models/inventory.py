"""The inventory: what is merged. Written when a change set lands, never by a request alone."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from gitops.models import Repository
from gitops.spec import FluxVersion, Life, NetworkProfile, PodSecurity
from tenants.inventory import Environment, MemberRole


class ClusterGroup(models.Model):
    """A set of clusters that share a bootstrap."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=63, unique=True)
    title = models.CharField(max_length=100)

    class Meta:
        ordering = ["slug"]
        constraints = [models.CheckConstraint(condition=~Q(slug=""), name="cluster_group_has_slug")]

    def __str__(self) -> str:
        return self.slug


class Cluster(models.Model):
    """A Kubernetes cluster of the fleet, reconciled from its platform repository."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True)
    group = models.ForeignKey(ClusterGroup, on_delete=models.PROTECT, related_name="clusters")
    environment = models.CharField(max_length=20, choices=[(e.value, e.value) for e in Environment])
    flux = models.CharField(max_length=5, choices=[(f.value, f.value) for f in FluxVersion])
    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="clusters")
    takes_tenants = models.BooleanField(default=True)
    reports = models.BooleanField(
        default=False, help_text="Flux on this cluster sends its events to /hooks/flux/<cluster>/."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(environment__in=[e.value for e in Environment]),
                name="cluster_environment_known",
            ),
            models.CheckConstraint(
                condition=Q(flux__in=[f.value for f in FluxVersion]), name="cluster_flux_known"
            ),
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
                name="cluster_name_is_label",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SizeClass(models.Model):
    """A named ResourceQuota and LimitRange. The three maps hold Kubernetes quantities as text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    quota = models.JSONField(help_text="ResourceQuota hard.")
    limits = models.JSONField(help_text="LimitRange default of a container.")
    requests = models.JSONField(help_text="LimitRange defaultRequest of a container.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="size_class_has_name")]

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """A team with its own namespaces and reconciler account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    home = models.CharField(max_length=63, help_text="The namespace its sync objects live in.")
    repository = models.OneToOneField(Repository, on_delete=models.PROTECT, related_name="tenant")
    access_groups = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
                name="tenant_slug_is_label",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Placement(models.Model):
    """A tenant on a cluster."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="placements")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="placements")

    class Meta:
        ordering = ["cluster__name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "cluster"], name="placement_once")]

    def __str__(self) -> str:
        return f"{self.tenant} on {self.cluster}"


class Membership(models.Model):
    """A person in a tenant. Kubernetes access is by access groups, never by these rows."""

    class Source(models.TextChoices):
        MANUAL = "manual"
        OIDC = "oidc"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in MemberRole])
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.MANUAL)

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=[r.value for r in MemberRole]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.tenant}"


class Namespace(models.Model):
    """A Kubernetes namespace of a tenant on one cluster, as merged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="namespaces")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="namespaces")
    name = models.CharField(max_length=63)
    size_class = models.ForeignKey(SizeClass, on_delete=models.PROTECT)
    network = models.CharField(max_length=20, choices=[(n.value, n.value) for n in NetworkProfile])
    pod_security = models.CharField(
        max_length=20, choices=[(p.value, p.value) for p in PodSecurity]
    )
    purpose = models.CharField(max_length=500, blank=True)
    cost_centre = models.CharField(max_length=60, blank=True)
    lease_until = models.DateField(null=True, blank=True)
    life = models.CharField(
        max_length=10, choices=[(v.value, v.value) for v in Life], default=Life.ACTIVE
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "cluster__name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="namespace_once_per_cluster"),
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
                name="namespace_name_is_label",
            ),
            models.CheckConstraint(
                condition=Q(life__in=[v.value for v in Life]), name="namespace_life_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.cluster}"
