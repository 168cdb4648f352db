"""Where a superuser sets up the fleet until there are settings pages.

Tenants, namespaces, requests and decisions follow from approved changes and are not here.
"""

from typing import TYPE_CHECKING

from django.contrib import admin

from tenants.models import Cluster, ClusterGroup, SizeClass

if TYPE_CHECKING:
    GroupBase = admin.ModelAdmin[ClusterGroup]
    ClusterBase = admin.ModelAdmin[Cluster]
    SizeBase = admin.ModelAdmin[SizeClass]
else:
    GroupBase = ClusterBase = SizeBase = admin.ModelAdmin


@admin.register(ClusterGroup)
class ClusterGroupAdmin(GroupBase):
    list_display = ("slug", "title")


@admin.register(Cluster)
class ClusterAdmin(ClusterBase):
    list_display = ("name", "group", "environment", "flux", "takes_tenants", "reports")
    list_select_related = ("group",)


@admin.register(SizeClass)
class SizeClassAdmin(SizeBase):
    list_display = ("name", "title", "position")
