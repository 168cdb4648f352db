"""Repositories and what the portal knows of their target branch: the snapshot pages plan from."""

import uuid
from collections.abc import Iterable

from django.db import connection, models
from django.db.models import F, Q

from gitops.models.connection import Connection
from gitops.spec import Ownership, Role


class Repository(models.Model):
    """One target branch of one repository on a forge.

    Two rows may share owner and name: a tenant whose manifests live on a branch of the platform
    repository has a row of its own, with its own snapshot, claim and change sets.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    owner = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    target_branch = models.CharField(max_length=200, default="main")
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    base_commit = models.CharField(max_length=40, blank=True)
    base_observed_at = models.DateTimeField(null=True, blank=True)
    snapshot_error = models.CharField(max_length=500, blank=True)
    next_look_at = models.DateTimeField(db_index=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    claim_token = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "owner", "name", "target_branch"],
                name="repository_once_per_branch",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[r.value for r in Role]), name="repository_role_known"
            ),
            models.CheckConstraint(
                condition=Q(claim_token=None, claimed_until=None)
                | Q(claim_token__isnull=False, claimed_until__isnull=False),
                name="repository_claim_whole",
            ),
            models.CheckConstraint(
                condition=~Q(owner="") & ~Q(name="") & ~Q(target_branch=""),
                name="repository_is_named",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name}@{self.target_branch}"

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


class Blob(models.Model):
    """The text of a managed file, by git's blob id. Content never changes under an id."""

    id = models.CharField(max_length=40, primary_key=True)
    text = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id__regex=r"^[0-9a-f]{40}$"), name="blob_id_is_sha1")
        ]

    def __str__(self) -> str:
        return self.id


def below(prefixes: Iterable[str]) -> Q:
    """Rows of the files `prefixes` name: directories (ending "/") and single files.

    A range on SQLite, whose LIKE uses no index; `startswith` elsewhere, where order depends on
    the collation and LIKE has an index of its own.
    """
    condition = Q(pk__in=())
    for prefix in prefixes:
        if not prefix.endswith("/"):
            condition |= Q(path=prefix)
        elif connection.vendor == "sqlite":
            condition |= Q(path__gte=prefix, path__lt=prefix[:-1] + "0")  # "0" follows "/"
        else:
            condition |= Q(path__startswith=prefix)
    return condition


class RepositoryFile(models.Model):
    """A path of the target branch: the blob it holds, and the blob the portal last merged there.

    `blob` is null when the file is absent; `written` is null when the portal never wrote it.
    Written and different is drift; written and absent was removed by hand.
    """

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    blob = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 - absent is a value
    written = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 - never wrote it
    ownership = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "path"], name="file_once_per_path"),
            models.CheckConstraint(
                condition=Q(blob__isnull=False) | Q(written__isnull=False),
                name="file_row_says_something",
            ),
            models.CheckConstraint(
                condition=Q(ownership="", written=None)
                | Q(ownership__in=[o.value for o in Ownership], written__isnull=False),
                name="file_written_has_ownership",
            ),
        ]
        indexes = [
            # What LIKE 'prefix%' needs on PostgreSQL; SQLite compares bytes (see `below`).
            models.Index(
                fields=["repository", "path"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                name="file_by_prefix",
            ),
            models.Index(
                fields=["repository"],
                condition=Q(written__isnull=False) & ~Q(blob=F("written")),
                name="file_drift",
            ),
        ]

    def __str__(self) -> str:
        return self.path
