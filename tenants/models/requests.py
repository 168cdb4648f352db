"""Requests, their immutable revisions, decisions, and the names they hold."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from gitops.models import ChangeSet
from tenants.models.inventory import Tenant
from tenants.workflow import Status


class Counter(models.Model):
    """Numbers without gaps; the row's lock is held until the transaction ends."""

    name = models.CharField(max_length=30, primary_key=True)
    value = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Request(models.Model):
    """What is asked. `status` is what people decided and changes only in `tenants.services`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    operation = models.CharField(max_length=40)
    tenant = models.ForeignKey(
        Tenant, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    tenant_slug = models.CharField(max_length=63, blank=True, db_index=True)
    subject = models.CharField(max_length=100, blank=True)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests"
    )
    payload = models.JSONField(default=dict)
    # A draft keeps what was typed; only a revision's are judged, and as short as they must be.
    purpose = models.TextField(blank=True)
    cost_centre = models.TextField(blank=True)
    external_system = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    external_url = models.CharField(max_length=500, blank=True)

    status = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in Status], default=Status.DRAFT
    )
    revision_number = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    phase_key = models.CharField(max_length=30, default="draft", db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["status", "submitted_at"], name="request_queue")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in Status]), name="request_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn", "expired"])
                | Q(submitted_at__isnull=False, revision_number__gte=1),
                name="request_submitted_has_revision",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "rejected"]) | Q(decided_at__isnull=False),
                name="request_decided_has_time",
            ),
            models.UniqueConstraint(
                fields=["external_system", "external_id"],
                condition=~Q(external_id="")
                & ~Q(status__in=["rejected", "withdrawn", "expired"])
                & Q(settled_at=None),
                name="request_external_once_live",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.operation} {self.subject}".strip()


class Revision(models.Model):
    """One immutable state of a request: the payload, the bytes' digest, what approval it needs.

    `approval` is the list of required stages as they stood at submit; `environments`,
    `change_class`, `verdicts` and `base` are what the approver was shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    payload = models.JSONField()
    purpose = models.CharField(max_length=500, blank=True)
    cost_centre = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=71)
    change_class = models.CharField(max_length=30)
    environments = models.JSONField(default=list)
    approval = models.JSONField()
    verdicts = models.JSONField(default=list)
    base = models.JSONField(default=list)
    owned = models.JSONField(default=list)
    renderer = models.CharField(max_length=20)
    why = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="revision_once"),
            models.CheckConstraint(
                condition=Q(digest__startswith="sha256:"), name="revision_digest_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} revision {self.number}"


class ProposedChangeSet(models.Model):
    """Which change sets carry out a revision. The link lives here: delivery never looks up."""

    revision = models.ForeignKey(
        Revision, on_delete=models.CASCADE, related_name="proposed_change_sets"
    )
    change_set = models.OneToOneField(
        ChangeSet, on_delete=models.CASCADE, related_name="proposed_change_set"
    )

    class Meta:
        # A tenant's own repository first: the platform's sync looks for what is in it.
        ordering = [
            "change_set__stage",
            "-change_set__repository__role",
            "change_set__repository__name",
        ]

    def __str__(self) -> str:
        return f"{self.revision}: {self.change_set}"


class Decision(models.Model):
    """One recorded yes, no or return. The requester is copied so that the database can refuse."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        RETURN = "return"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="decisions")
    stage = models.CharField(max_length=40)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    digest = models.CharField(max_length=71)
    comment = models.TextField(blank=True)
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions"
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    exemption = models.CharField(
        max_length=200, blank=True, help_text="The policy row that let a requester decide."
    )
    void = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decider=F("requester")) | ~Q(exemption=""),
                name="decision_never_by_requester",
            ),
            models.UniqueConstraint(
                fields=["revision", "decider"], name="decision_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["approve", "reject", "return"]),
                name="decision_verdict_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.decider}"


class Comment(models.Model):
    """Something said about a request."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40]}"


class Claim(models.Model):
    """A name a request holds from submit until it ends.

    A namespace on a cluster, a tenant, or the branch a new tenant's manifests live on.
    """

    class Kind(models.TextChoices):
        NAMESPACE = "namespace"
        TENANT = "tenant"
        REPOSITORY = "repository"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    cluster = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=420)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="claims")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "cluster", "name"],
                condition=Q(released_at=None),
                name="claim_once_while_live",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["tenant", "repository"], cluster="")
                | (Q(kind="namespace") & ~Q(cluster="")),
                name="claim_names_its_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.cluster}".strip()
