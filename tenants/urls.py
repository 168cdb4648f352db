"""Addresses of the pages."""

from django.urls import URLPattern, path

from tenants.views import home, inventory, request_actions, request_form, request_page, theme
from tenants.views.requests import request_list

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("theme/", theme.choose_theme, name="theme"),
    path("requests/", request_list, name="requests"),
    path("requests/new/", request_form.choose, name="request-new"),
    path("requests/new/<slug:operation>/", request_form.new, name="request-form"),
    path("requests/new/<slug:operation>/preview/", request_form.preview, name="request-preview"),
    path("requests/<int:number>/", request_page.page, name="request"),
    path("requests/<int:number>/progress/", request_page.progress, name="request-progress"),
    path("requests/<int:number>/edit/", request_form.edit, name="request-edit"),
    path("requests/<int:number>/<slug:action>/", request_actions.act, name="request-action"),
    path(
        "requests/<int:number>/change-sets/<uuid:change_set>/<slug:action>/",
        request_actions.act_on_change_set,
        name="change-set-action",
    ),
    path("tenants/", inventory.tenant_list, name="tenants"),
    path("tenants/<slug:slug>/", inventory.tenant_page, name="tenant"),
    path("namespaces/", inventory.namespace_list, name="namespaces"),
    path("clusters/", inventory.cluster_list, name="clusters"),
    path("clusters/<slug:name>/", inventory.cluster_page, name="cluster"),
]
