"""Webhooks that came in: stored once per delivery id, acknowledged, then only a hint to look."""

from django.db import models
from django.db.models import Q

from gitops.models.connection import Connection


class WebhookDelivery(models.Model):
    """One verified delivery. It never carries truth: the pull request is read again."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    delivery_id = models.CharField(max_length=200)
    event = models.CharField(max_length=100)
    body_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    repository = models.CharField(max_length=201, blank=True)
    pull_request = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "delivery_id"], name="webhook_once_per_delivery"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.delivery_id}"


class Report(models.Model):
    """What Flux on a cluster last said of a tenant's Kustomization; a worker holds it against
    the merges it may contain."""

    cluster = models.CharField(max_length=63)
    tenant = models.CharField(max_length=63)
    commit = models.CharField(max_length=40)
    ready = models.BooleanField()
    reason = models.CharField(max_length=100)
    message = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "tenant"], name="report_last_one_counts"),
            models.CheckConstraint(
                condition=Q(commit__regex=r"^[0-9a-f]{40}$"), name="report_commit_is_sha1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} on {self.cluster}: {self.reason}"
