"""Addresses of delivery: where forges and clusters report."""

from django.urls import path

from gitops import webhooks

urlpatterns = [
    path("hooks/forge/<slug:connection>/", webhooks.forge_webhook, name="forge-webhook"),
    path("hooks/flux/<slug:cluster>/", webhooks.flux_webhook, name="flux-webhook"),
]
