"""Webhooks that came in: stored once per delivery id, acknowledged, then only a hint to look."""

from django.db import models

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
