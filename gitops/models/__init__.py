"""Rows of delivery: connections, repositories and their snapshot, change sets, the inbox."""

from gitops.models.change_set import ChangeSet, Condition, FileChange
from gitops.models.connection import Connection, Freeze, Heartbeat
from gitops.models.inbox import Report, WebhookDelivery
from gitops.models.repository import Blob, Repository, RepositoryFile

__all__ = [
    "Blob",
    "ChangeSet",
    "Condition",
    "Connection",
    "FileChange",
    "Freeze",
    "Heartbeat",
    "Report",
    "Repository",
    "RepositoryFile",
    "WebhookDelivery",
]
