"""Addresses of the API, with and without the slash at the end."""

from typing import Any

from django.urls import URLPattern, path, re_path

from tenants.api import views

app_name = "api"


def _resource(route: str, view: Any, name: str) -> list[URLPattern]:
    """The address that is given out, and the same without its slash."""
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns: list[URLPattern] = [
    *_resource("v1/me", views.Me.as_view(), "me"),
    *_resource("v1/requests", views.Requests.as_view(), "requests"),
    *_resource("v1/requests/<str:reference>", views.OneRequest.as_view(), "request"),
    *_resource("v1/requests/<str:reference>/events", views.Events.as_view(), "request-events"),
    *_resource("problems/<slug:slug>", views.ProblemPage.as_view(), "problem"),
    re_path("", views.Nothing.as_view(), name="nothing"),
]
