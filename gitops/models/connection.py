"""One configured forge, the freeze switch, and the workers' heartbeat."""

import uuid

from django.db import models
from django.db.models import Q


class Connection(models.Model):
    """One configured instance of a forge. Secrets are named here, never held."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    forge = models.CharField(max_length=20, help_text="A key of gitops.forges.FORGES.")
    base_url = models.CharField(max_length=500, blank=True)
    credential_name = models.CharField(max_length=100, blank=True)
    webhook_secret_name = models.CharField(max_length=100, blank=True)
    allow_private = models.BooleanField(default=False)
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(slug=""), name="connection_has_slug"),
            models.CheckConstraint(condition=~Q(forge=""), name="connection_has_forge"),
        ]

    def __str__(self) -> str:
        return self.slug


class Freeze(models.Model):
    """While a row without `lifted_at` exists, nothing is written to any forge."""

    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(lifted_at=None), name="freeze_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="freeze_has_reason"),
        ]

    def __str__(self) -> str:
        return f"frozen by {self.by}: {self.reason}"


class Heartbeat(models.Model):
    """When a part of the process tree last did its work; `/readyz` reports its age."""

    name = models.CharField(max_length=50, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
