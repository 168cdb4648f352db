"""A small fleet made by the real parts: the local forge, the snapshot, the services.

`build()` gives a platform repository with one tenant on two clusters, and the four people every
test knows: `alice` owns iris-blue, `bob` and `carol` are platform admins, `charlie` is a stranger
(a member of iris-red).
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone

from gitops import delivery, secret_files
from gitops.forges.base import RepositoryPath
from gitops.forges.local import merging, pulls
from gitops.forges.local.documents import Pull
from gitops.forges.local.store import LocalStore
from gitops.models import ChangeSet, Connection, Repository
from gitops.spec import FluxVersion
from tenants import queries, services
from tenants.inventory import Environment
from tenants.models import Cluster, ClusterGroup, Membership, Request, SizeClass, Tenant

PASSWORD = "demo"
QUOTA = {"requests.cpu": "2", "requests.memory": "4Gi", "limits.cpu": "4", "limits.memory": "8Gi"}
LIMITS = {"cpu": "500m", "memory": "512Mi"}
REQUESTS = {"cpu": "100m", "memory": "128Mi"}


@dataclass
class World:
    """The people, the fleet and the far side, with short words for what tests do all the time."""

    alice: User
    bob: User
    carol: User
    charlie: User
    platform: Repository
    store: LocalStore

    def add_namespace(self, name: str = "iris-blue-payments", **changes: Any) -> Request:
        """A draft by alice on dev-1."""
        spec = {"name": name, "clusters": ["dev-1"], "size_class": "small"}
        return services.create(
            by=changes.pop("by", self.alice),
            operation="add-namespace",
            tenant=changes.pop("tenant", "iris-blue"),
            payload=spec | changes,
            purpose="Payments API for the pilot",
            cost_centre="CC-1042",
        )

    def onboard(self, name: str = "plum", **changes: Any) -> Request:
        """A draft by alice for a new tenant on dev-1; its repository is made on the forge."""
        repository = changes.get("repository", f"{name}/apps")
        self.make_repository(repository)
        spec = {"name": name, "owners": ["alice"], "clusters": ["dev-1"], "size_class": "small"}
        return services.create(
            by=self.alice, operation="onboard-tenant", payload=spec | changes, purpose="A new team"
        )

    def submitted(self, name: str = "iris-blue-payments", **changes: Any) -> Request:
        draft = self.add_namespace(name, **changes)
        return services.submit(draft, by=draft.requester)

    def approved(self, name: str = "iris-blue-payments", **changes: Any) -> Request:
        return self.approve(self.submitted(name, **changes))

    def approve(self, request: Request, by: User | None = None) -> Request:
        """Approve what is there now."""
        revision = queries.revision_of(request)
        assert revision is not None
        return services.approve(request, by=by or self.bob, digest=revision.digest)

    def deliver(self) -> None:
        """Run passes until nothing is due."""
        for _ in range(10):
            due = list(delivery.due_repositories())
            if not due:
                return
            for repository in due:
                delivery.deliver(repository.pk)

    def hurry(self) -> None:
        """As if time had passed or a webhook had come: everything is looked at, then delivered."""
        now = timezone.now()
        ChangeSet.objects.filter(next_run_at__isnull=False).update(next_run_at=now)
        Repository.objects.update(next_look_at=now)
        self.deliver()

    def make_repository(
        self, full_name: str, files: Mapping[str, str] | None = None
    ) -> RepositoryPath:
        path = RepositoryPath.parse(full_name)
        self.store.create(path, by="system", files=files or {"README.md": f"# {full_name}\n"})
        return path

    def bare(self, full_name: str = "platform/fleet") -> Any:
        return self.store.open(RepositoryPath.parse(full_name))

    def pulls(self, full_name: str = "platform/fleet") -> tuple[Any, ...]:
        return pulls.listed(self.bare(full_name))

    def merge(self, number: int, full_name: str = "platform/fleet", *, squash: bool = False) -> Any:
        how = merging.squash if squash else merging.merge
        return how(self.bare(full_name), number, by="bob")

    def git(self, *args: str, repository: str = "platform/fleet", stdin: bytes = b"") -> str:
        """Run plain git in the forge's bare repository; answers its output."""
        folder = self.store.directory(RepositoryPath.parse(repository))
        done = subprocess.run(
            ["git", "-C", str(folder), *args], input=stdin, capture_output=True, check=True
        )
        return done.stdout.decode()

    def show(self, path: str, repository: str = "platform/fleet", ref: str = "main") -> str:
        return self.git("show", f"{ref}:{path}", repository=repository)

    def push_file(
        self, path: str, text: str, *, branch: str = "main", repository: str = "platform/fleet"
    ) -> str:
        """Somebody commits one file with plain git; answers the commit."""
        blob = self.git("hash-object", "-w", "--stdin", repository=repository, stdin=text.encode())
        return self._commit_tree(f"100644 {blob.strip()}\t{path}\n", branch, repository)

    def remove_file(
        self, path: str, *, branch: str = "main", repository: str = "platform/fleet"
    ) -> str:
        return self._commit_tree(f"0 {'0' * 40}\t{path}\n", branch, repository)

    def _commit_tree(self, entry: str, branch: str, repository: str) -> str:
        folder = self.store.directory(RepositoryPath.parse(repository))
        index = Path(settings.GATEHOUSE_DATA) / "scratch-index"
        index.unlink(missing_ok=True)
        who = {
            f"GIT_{r}_{k}": v
            for r in ("AUTHOR", "COMMITTER")
            for k, v in (("NAME", "mallory"), ("EMAIL", "m@example.com"))
        }
        env = {**os.environ, "GIT_INDEX_FILE": str(index), **who}

        def run(*args: str, stdin: str = "") -> str:
            done = subprocess.run(
                ["git", "-C", str(folder), *args],
                env=env,
                input=stdin.encode(),
                capture_output=True,
                check=True,
            )
            return done.stdout.decode().strip()

        run("read-tree", branch)
        run("update-index", "--index-info", stdin=entry)
        tree = run("write-tree")
        commit = run("commit-tree", tree, "-p", branch, "-m", "by hand")
        run("update-ref", f"refs/heads/{branch}", commit)
        return commit


def build() -> World:
    """Make the fleet. Needs the database, and a data folder of the test's own."""
    store = LocalStore(Path(settings.GATEHOUSE_DATA) / "forge")
    secret_files.ensure("webhook-local")
    connection = Connection.objects.create(
        slug="local", forge="local", webhook_secret_name="webhook-local"
    )
    now = timezone.now()
    platform = Repository.objects.create(
        connection=connection, owner="platform", name="fleet", role="platform", next_look_at=now
    )
    world = World(**_people(), platform=platform, store=store)
    world.make_repository(
        "platform/fleet",
        {
            "README.md": "# fleet\n",
            "clusters/dev-1/infrastructure.yaml": "# kyverno\n",
            "clusters/production-1/infrastructure.yaml": "# kyverno\n",
        },
    )
    _fleet(platform)
    for slug, role in (("iris-blue", world.alice), ("iris-red", world.charlie)):
        _tenant(world, connection, slug, role)
    world.deliver()
    return world


def _people() -> dict[str, User]:
    admins, _ = Group.objects.get_or_create(name=queries.ADMINS)
    people = {
        name: User.objects.create_user(name, password=PASSWORD)
        for name in ("alice", "bob", "carol", "charlie")
    }
    people["bob"].groups.add(admins)
    people["carol"].groups.add(admins)
    return people


def _fleet(platform: Repository) -> None:
    for name, environment, flux in (
        ("dev-1", Environment.DEV, FluxVersion.V2_7),
        ("dev-2", Environment.DEV, FluxVersion.V2_5),
        ("production-1", Environment.PRODUCTION, FluxVersion.V2_9),
    ):
        group, _ = ClusterGroup.objects.get_or_create(
            slug=environment.value, defaults={"title": environment.value.title()}
        )
        Cluster.objects.create(
            name=name, group=group, environment=environment, flux=flux, repository=platform
        )
    for position, name in enumerate(("small", "medium")):
        SizeClass.objects.create(
            name=name,
            title=name.title(),
            position=position,
            quota=QUOTA,
            limits=LIMITS,
            requests=REQUESTS,
        )


def _tenant(world: World, connection: Connection, slug: str, person: User) -> None:
    """A tenant that is there already, placed on dev-1 and production-1."""
    world.make_repository(f"{slug}/apps")
    repository = Repository.objects.create(
        connection=connection,
        owner=slug,
        name="apps",
        role="tenant",
        next_look_at=timezone.now(),
    )
    tenant = Tenant.objects.create(
        slug=slug, home=slug, repository=repository, access_groups=[f"team-{slug}"]
    )
    role = "owner" if slug == "iris-blue" else "member"
    Membership.objects.create(tenant=tenant, user=person, role=role)
    small = SizeClass.objects.get(name="small")
    for cluster in Cluster.objects.filter(name__in=["dev-1", "production-1"]):
        tenant.placements.create(cluster=cluster)
        tenant.namespaces.create(
            cluster=cluster,
            name=slug,
            size_class=small,
            network="isolated",
            pod_security="restricted",
        )


def pull_of(world: World, request: Request) -> Pull:
    """The pull request of a request's only change set, as the forge has it."""
    [row] = queries.change_sets_of(request)
    return pulls.get(world.bare(row.repository.full_name), row.pull_request_number or 0)
