"""Application registry entry: receivers of delivery's signals, and the audit table's guard."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsConfig(AppConfig):
    """The domain: who asked, who may, who decided."""

    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        """Listen to delivery, and guard the audit table after each migrate."""
        from tenants import audit_guard, receivers  # noqa: F401

        post_migrate.connect(audit_guard.install, sender=self, dispatch_uid="audit-guard")
