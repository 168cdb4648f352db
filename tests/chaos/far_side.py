"""People, and the forge's side of things, in a process of their own beside a running Gatehouse.

`python -m tests.chaos.far_side ask 20`, `merge`, `facts`; it shares the product's data folder and
settings, and nothing else with it. Nobody kills this one.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

PREFIX = "iris-blue-c"
FLEET = "platform/fleet"


def ask(count: int) -> list[int]:
    """That many namespaces, asked for and submitted by alice; answers the requests' numbers."""
    from django.contrib.auth.models import User

    from tenants import services

    alice = User.objects.get(username="alice")
    numbers = []
    for n in range(count):
        draft = services.create(
            by=alice,
            operation="add-namespace",
            tenant="iris-blue",
            payload={"name": f"{PREFIX}{n:02}", "clusters": ["dev-1"], "size_class": "small"},
            purpose=f"Chaos {n}",
        )
        numbers.append(services.submit(draft, by=alice).number)
    return numbers


def merge() -> None:
    """As somebody who merges what comes, now this way and now that, until told to stop."""
    from gitops.errors import DeliveryError
    from gitops.forges.base import RepositoryPath
    from gitops.forges.local import following, merging
    from portal.localforge.places import the_store

    bare = the_store().open(RepositoryPath.parse(FLEET))
    while True:
        following.follow_all(bare)
        for pull in following.open_pulls(bare):
            how = merging.squash if pull.number % 2 else merging.merge
            try:
                how(bare, pull.number, by="carol")
            except DeliveryError as error:
                print(f"#{pull.number}: {error}", file=sys.stderr)
        time.sleep(0.4)


def forge_messages(count: int) -> None:
    """Put messages into the queue that nobody of ours would: wrong ids, unapproved, extra words."""
    import uuid

    from gitops.models import ChangeSet, Repository
    from gitops.tasks import deliver_repository
    from portal.celery import app

    known = [str(pk) for pk in ChangeSet.objects.values_list("pk", flat=True)]
    repository = str(Repository.objects.values_list("pk", flat=True)[0])
    for n in range(count):
        forged = [str(uuid.uuid4()), "not a uuid", repository, *known][n % (3 + len(known))]
        deliver_repository.apply_async((forged,), kwargs={"state": "merged", "approved": True})
    app.send_task("gitops.tasks.no_such_task", queue="deliver")
    app.close()


def facts() -> dict[str, Any]:
    """What everybody knows at the end: the portal's rows, and the forge's own records."""
    from gitops.forges.base import RepositoryPath
    from gitops.forges.local import pulls
    from gitops.models import ChangeSet
    from portal.localforge.places import the_store
    from tenants import audit, queries
    from tenants.models import Claim, Namespace, Request

    store = the_store()
    bare, path = store.open(RepositoryPath.parse(FLEET)), RepositoryPath.parse(FLEET)
    rows = ChangeSet.objects.filter(branch__startswith="gatehouse/").order_by("created_at")
    proof = audit.verify()
    requests = Request.objects.filter(subject__startswith=PREFIX)
    return {
        "requests": {r.subject: queries.phase_of(r).key for r in requests},
        "names held": Claim.objects.filter(request__in=requests, released_at=None).count(),
        "namespaces": sorted(
            Namespace.objects.filter(name__startswith=PREFIX).values_list("name", flat=True)
        ),
        "rows": [
            {
                "branch": row.branch,
                "state": row.state,
                "pull": row.pull_request_number,
                "commit": row.commit,
                "merge_commit": row.merge_commit,
                "claims": row.attempts,
                "files": {c.path: c.after for c in row.file_changes.all()},
            }
            for row in rows
        ],
        "pulls": [
            {"number": p.number, "head": p.head, "state": p.state, "by": p.author}
            for p in pulls.listed(bare, limit=1000)
        ],
        "directory": str(store.directory(path)),
        "audit": {"events": proof.count, "broken at": proof.broken_at, "why": proof.why},
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    verb, *words = sys.argv[1:]
    calls: dict[str, Callable[[], object]] = {
        "ask": lambda: ask(int(words[0])),
        "merge": merge,
        "facts": facts,
        "forge-messages": lambda: forge_messages(int(words[0])),
    }
    print(json.dumps(calls[verb]()))


if __name__ == "__main__":
    main()
