"""Where a superuser sets up forges and repositories until there are settings pages.

Change sets, files and conditions are the workflow's own and are not here.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from gitops.models import Connection, Repository

if TYPE_CHECKING:
    ConnectionBase = admin.ModelAdmin[Connection]
    RepositoryBase = admin.ModelAdmin[Repository]
else:
    ConnectionBase = RepositoryBase = admin.ModelAdmin


@admin.register(Connection)
class ConnectionAdmin(ConnectionBase):
    """Secrets are named here; their files lie in the data folder's `secrets/`."""

    list_display = ("slug", "forge", "base_url", "paused_until")
    readonly_fields = ("paused_until", "paused_reason")


@admin.register(Repository)
class RepositoryAdmin(RepositoryBase):
    """A repository is looked at as soon as it is saved."""

    list_display = ("__str__", "role", "base_commit", "base_observed_at", "snapshot_error")
    list_select_related = ("connection",)
    fields = ("connection", "owner", "name", "target_branch", "role")

    def save_model(self, request: HttpRequest, obj: Repository, form: Any, change: bool) -> None:
        obj.next_look_at = timezone.now()
        super().save_model(request, obj, form, change)
