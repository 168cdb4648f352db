"""The wiring."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Wires settings, pages, jobs and health together; owns no rows."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Make our Celery application the one `shared_task` binds to; register the checks."""
        from portal import celery, checks  # noqa: F401
