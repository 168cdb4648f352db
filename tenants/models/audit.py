"""The audit chain: append-only by trigger, each row holding the keyed hash of the one before."""

from django.db import models
from django.db.models import Q


class AuditHead(models.Model):
    """The chain's last link. Locked last in every transaction that writes an event."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_head_is_one")]

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash[:12]}"


class AuditEvent(models.Model):
    """Who did what to which object. `data` never holds a secret."""

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    tenant = models.CharField(max_length=63, blank=True, db_index=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)
    key_id = models.CharField(max_length=16)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["sequence"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_by_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.object_type} {self.object_id}"
