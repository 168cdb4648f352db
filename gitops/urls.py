"""Addresses of delivery: where forges report."""

from django.urls import path

from gitops import webhooks

urlpatterns = [
    path("hooks/forge/<slug:connection>/", webhooks.forge_webhook, name="forge-webhook"),
]
