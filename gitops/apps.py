"""Application registry entry."""

from django.apps import AppConfig


class GitopsConfig(AppConfig):
    """Delivery: what should be, rendered, planned, put on branches and followed."""

    name = "gitops"
    verbose_name = "GitOps delivery"
