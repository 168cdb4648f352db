"""API tokens: only a keyed hash is stored, so a copy of the table opens nothing."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ApiToken(models.Model):
    """`gh_<id>.<secret>`: `id` finds the row, `digest` is HMAC-SHA256 of the secret."""

    id = models.CharField(max_length=12, primary_key=True)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="token_digest_is_sha256"
            ),
            models.UniqueConstraint(fields=["digest"], name="token_digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (gh_{self.id})"
