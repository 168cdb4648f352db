"""What the portal knows of a repository's target branch, moved forward at each look.

Pages and the API plan from these rows; the web process never opens a repository.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from gitops.changes import blob_id
from gitops.delivery.claims import Claim
from gitops.errors import Cause, DeliveryError
from gitops.git.mirror import Mirror
from gitops.models import Blob, Repository, RepositoryFile
from gitops.moving import MovedOn
from gitops.signals import first_seen
from gitops.spec import Role

LOOK_EVERY = {Role.PLATFORM: timedelta(seconds=30), Role.TENANT: timedelta(minutes=10)}
"""How often a branch is fetched when nothing else asks for it. A webhook hastens it."""
_MANY = 2000
_LARGEST_TEXT = 1_000_000


def look(repository: Repository, mirror: Mirror, *, claim: Claim) -> str:
    """Fetch the target branch and bring the snapshot to its commit; answers that commit.

    Raises `DeliveryError` when the branch cannot be fetched; the error is then on the row too.
    """
    try:
        commit = mirror.fetch(repository.target_branch)
    except DeliveryError as error:
        _seen(repository, claim, snapshot_error=why(repository, error))
        raise
    if commit != repository.base_commit:
        _move(repository, mirror, commit, claim=claim)
    _seen(repository, claim, snapshot_error="", base_observed_at=timezone.now())
    return commit


def why(repository: Repository, error: Exception) -> str:
    """Why the repository could not be looked at, as a sentence for people who do not run git."""
    if isinstance(error, DeliveryError) and error.cause is Cause.MISSING:
        return f"{repository.full_name} has no branch {repository.target_branch}, or is not there"
    return str(error)[:500]


def _seen(repository: Repository, claim: Claim, **fields: object) -> None:
    pause = LOOK_EVERY[Role(repository.role)]
    values = {"next_look_at": timezone.now() + pause, **fields}
    held = Repository.objects.filter(pk=repository.pk, claim_token=claim.token)
    if held.update(**values) != 1:
        raise MovedOn(str(repository.pk))
    for name, value in values.items():
        setattr(repository, name, value)


def _move(repository: Repository, mirror: Mirror, commit: str, *, claim: Claim) -> None:
    old = repository.base_commit
    if old and mirror.has_commit(old):
        changes = dict(mirror.changed_paths(old, commit))
    else:
        changes = _from_scratch(repository, mirror, commit)
    texts = _managed_texts(repository, mirror, changes)
    with transaction.atomic():
        held = Repository.objects.filter(pk=repository.pk, claim_token=claim.token, base_commit=old)
        if held.update(base_commit=commit) != 1:
            raise MovedOn(str(repository.pk))
        _store(repository, changes)
        Blob.objects.bulk_create(texts, ignore_conflicts=True, batch_size=_MANY)
        repository.base_commit = commit
        if not old:
            first_seen.send(Repository, repository=repository)


def _from_scratch(repository: Repository, mirror: Mirror, commit: str) -> dict[str, str | None]:
    """Every path of the tree, and `None` for the ones only the rows still have."""
    tree = mirror.tree(commit)
    known = repository.files.filter(blob__isnull=False).values_list("path", flat=True)
    gone: dict[str, str | None] = {path: None for path in known.iterator() if path not in tree}
    return gone | {path: item.blob for path, item in tree.items()}


def _managed_texts(
    repository: Repository, mirror: Mirror, changes: dict[str, str | None]
) -> list[Blob]:
    """Texts of files the portal wrote and somebody changed: a page shows the difference."""
    paths = [path for path, blob in changes.items() if blob]
    wanted: set[str] = set()
    for start in range(0, len(paths), 500):
        ours = repository.files.filter(
            path__in=paths[start : start + 500], written__isnull=False
        ).values_list("path", flat=True)
        wanted.update(blob for path in ours if (blob := changes[path]))
    known = set(Blob.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    found = mirror.read_blobs(sorted(wanted - known))
    return [
        Blob(id=blob, text=data.decode(errors="replace"))
        for blob, data in found.items()
        if len(data) <= _LARGEST_TEXT
    ]


def _store(repository: Repository, changes: dict[str, str | None]) -> None:
    rows = [RepositoryFile(repository=repository, path=p, blob=b) for p, b in changes.items() if b]
    RepositoryFile.objects.bulk_create(
        rows,
        batch_size=_MANY,
        update_conflicts=True,
        unique_fields=["repository", "path"],
        update_fields=["blob"],
    )
    gone = [path for path, blob in changes.items() if blob is None]
    for start in range(0, len(gone), 500):
        here = repository.files.filter(path__in=gone[start : start + 500])
        here.filter(written__isnull=False).update(blob=None)
        here.filter(written=None).delete()


def land(
    repository: Repository, changes: dict[str, tuple[str | None, str]], texts: Iterable[str]
) -> None:
    """Remember what the portal's own merge wrote: path to (blob or None, ownership), and texts.

    Call in the transaction that moves the change set to a landed state.
    """
    blobs = [Blob(id=blob_id(text), text=text) for text in texts]
    Blob.objects.bulk_create(blobs, ignore_conflicts=True, batch_size=_MANY)
    for path, (blob, ownership) in changes.items():
        if blob is None:
            repository.files.filter(path=path, blob=None).delete()
            repository.files.filter(path=path).update(written=None, ownership="")
        else:
            RepositoryFile.objects.update_or_create(
                repository=repository,
                path=path,
                defaults={"written": blob, "ownership": ownership},
            )


def drifted(repository: Repository) -> list[str]:
    """Managed paths that differ from what the portal last merged there."""
    return list(
        repository.files.filter(written__isnull=False, ownership="managed")
        .filter(Q(blob=None) | ~Q(blob=F("written")))
        .values_list("path", flat=True)
    )
