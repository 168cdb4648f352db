"""One proposed state of owned paths in one repository, and how far git has come with it."""

import uuid

from django.db import models
from django.db.models import Q

from gitops.models.repository import Repository
from gitops.spec import Ownership
from gitops.states import TERMINAL, Reason, State

# In the order of the enum: a set's order differs from process to process, and so would migrations.
_OVER = [s.value for s in State if s in TERMINAL]
_LIVE = [s.value for s in State if s not in TERMINAL]


class ChangeSet(models.Model):
    """The queue of record: every row is over, has a next time, or waits for a person.

    `context` holds the facts its commit message and pull request are written from, frozen when
    it was approved, so that a repeated run gives the same commit. The worker's hold is the claim on
    the repository: one writer per repository, so a change set needs none of its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="change_sets")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in State], default=State.PROPOSED
    )
    reason = models.CharField(
        max_length=30, blank=True, choices=[(r.value, r.value) for r in Reason]
    )
    stage = models.PositiveSmallIntegerField(default=1)
    request_ref = models.UUIDField(
        db_index=True, help_text="The request's id. Not a foreign key: delivery never looks up."
    )
    digest = models.CharField(max_length=71)
    branch = models.CharField(max_length=200)
    context = models.JSONField(default=dict)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    wanted_closed = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    planned_from = models.CharField(max_length=40, blank=True)
    base_commit = models.CharField(max_length=40, blank=True)
    commit = models.CharField(max_length=40, blank=True)
    replaces_commit = models.CharField(
        max_length=40, blank=True, help_text="The commit our branch is expected to hold before."
    )
    pull_request_number = models.PositiveIntegerField(null=True, blank=True)
    pull_request_url = models.CharField(max_length=500, blank=True)
    pull_request_state = models.CharField(max_length=20, blank=True)
    described = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the title and body last written."
    )
    merge_commit = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    next_run_at = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=1000, blank=True)
    last_cause = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(
                fields=["next_run_at"],
                condition=Q(next_run_at__isnull=False),
                name="change_set_due",
            ),
            models.Index(fields=["repository", "pull_request_number"], name="change_set_by_pull"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State]), name="change_set_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OVER) | Q(next_run_at__isnull=False) | ~Q(waiting_for=""),
                name="change_set_never_forgotten",
            ),
            models.CheckConstraint(
                condition=(~Q(state=State.NEEDS_ADMIN) & Q(reason=""))
                | (Q(state__in=[State.NEEDS_ADMIN, State.FAILED]) & ~Q(reason="")),
                name="change_set_reason_when_parked",
            ),
            models.CheckConstraint(
                condition=Q(state=State.PROPOSED)
                | Q(state__in=[State.CLOSED, State.SUPERSEDED])
                | Q(approved_at__isnull=False),
                name="change_set_moves_after_approval",
            ),
            models.UniqueConstraint(
                fields=["repository", "branch"],
                condition=Q(state__in=_LIVE),
                name="change_set_one_live_per_branch",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.branch} ({self.state})"


class FileChange(models.Model):
    """One path of a change set: the blob it is expected to hold before, the text after.

    `before` null: the file is expected to be absent. `after` null: the file is deleted.
    """

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="file_changes")
    path = models.CharField(max_length=1000)
    before = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 - absent is a value
    after = models.TextField(null=True, blank=True)  # noqa: DJ001 - deleted is a value
    ownership = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Ownership])

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["change_set", "path"], name="file_change_once_per_path"
            ),
            models.CheckConstraint(
                condition=Q(before__isnull=False) | Q(after__isnull=False),
                name="file_change_changes_something",
            ),
            models.CheckConstraint(
                condition=~Q(path="")
                & ~Q(path__startswith="/")
                & ~Q(path__contains="../")
                & ~Q(path__contains="//"),
                name="file_change_path_is_relative",
            ),
            models.CheckConstraint(
                condition=Q(ownership__in=[o.value for o in Ownership]),
                name="file_change_ownership_known",
            ),
        ]

    def __str__(self) -> str:
        return self.path


class Condition(models.Model):
    """What a cluster reports of a change set, in Kubernetes' shape. Never a decision, never git."""

    class Status(models.TextChoices):
        TRUE = "True"
        FALSE = "False"
        UNKNOWN = "Unknown"

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="conditions")
    type = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices)
    reason = models.CharField(max_length=100)
    message = models.CharField(max_length=1000, blank=True)
    source = models.CharField(max_length=100, help_text="The cluster that reports.")
    commit = models.CharField(max_length=40, blank=True)
    observed_at = models.DateTimeField()

    class Meta:
        ordering = ["type", "source"]
        constraints = [
            models.UniqueConstraint(
                fields=["change_set", "type", "source"], name="condition_once_per_source"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["True", "False", "Unknown"]), name="condition_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}={self.status} ({self.source})"
