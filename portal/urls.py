"""Every address of Gatehouse, by part."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("tenants.api.urls")),
    path("", include("portal.auth")),
    path("", include("portal.localforge.urls")),
    path("", include("gitops.urls")),
    path("", include("tenants.urls")),
]

handler500 = "tenants.views.errors.server_error"
