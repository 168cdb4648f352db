"""Making the demo fleet: accounts, repositories on the local forge, and the merged inventory.

Everything goes the way real content goes: files are rendered from specs, committed to bare
repositories, and seen by the same snapshot that workers keep.
"""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from gitops import delivery, secret_files
from gitops.changes import blob_id
from gitops.forges.base import AlreadyExists, RepositoryPath
from gitops.forges.local.store import LocalStore
from gitops.models import Blob, Connection, Repository, RepositoryFile
from gitops.rendering import render
from gitops.spec import Ownership, Role, Spec, TenantRepository
from portal.demo import fleet, platform, tenant_repository
from tenants import audit, landing, queries
from tenants.models import Cluster, ClusterGroup, SizeClass
from tenants.operations.base import Claim, ClaimKind, Stage
from tenants.planning import insecure_hosts

CONNECTION = "local"
WEBHOOK_SECRET = "webhook-local"  # noqa: S105 - the secret's name
BY = "platform-team"


def seed() -> None:
    """Make what is missing. Running it again, also after a crash halfway, changes nothing."""
    secret_files.ensure(WEBHOOK_SECRET)
    with transaction.atomic():
        _people()
        repositories = _repositories()
        _fleet(repositories[fleet.PLATFORM_REPOSITORY])
    rendered = _rendered()
    _forge(rendered)
    with transaction.atomic():
        _inventory()
        _written(repositories, rendered)
    for repository in repositories.values():
        delivery.deliver(repository.pk)
    audit.record(actor=audit.SYSTEM, action="demo.seed", object_type="portal", object_id="demo")


def _people() -> None:
    admins, _ = Group.objects.get_or_create(name=queries.ADMINS)
    for person in fleet.PEOPLE:
        user, made = User.objects.get_or_create(
            username=person.username,
            defaults={
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
            },
        )
        if made:
            user.set_password(settings.DEMO_PASSWORD)
            user.save()
        if person.platform_admin:
            user.groups.add(admins)


def _repositories() -> dict[str, Repository]:
    connection, _ = Connection.objects.get_or_create(
        slug=CONNECTION, defaults={"forge": "local", "webhook_secret_name": WEBHOOK_SECRET}
    )
    wanted = {fleet.PLATFORM_REPOSITORY: Role.PLATFORM}
    wanted |= {tenant.repository: Role.TENANT for tenant in fleet.TENANTS}
    found = {}
    for full_name, role in wanted.items():
        path = RepositoryPath.parse(full_name)
        found[full_name], _ = Repository.objects.get_or_create(
            connection=connection,
            owner=path.owner,
            name=path.name,
            target_branch=fleet.BRANCH,
            defaults={"role": role, "next_look_at": timezone.now()},
        )
    return found


def _fleet(repository: Repository) -> None:
    for group in fleet.GROUPS:
        ClusterGroup.objects.get_or_create(slug=group.slug, defaults={"title": group.title})
    for facts in fleet.CLUSTERS.values():
        Cluster.objects.get_or_create(
            name=facts.name,
            defaults={
                "group": ClusterGroup.objects.get(slug=facts.group),
                "environment": facts.environment,
                "flux": facts.flux,
                "repository": repository,
                "takes_tenants": facts.open,
            },
        )
    for position, size in enumerate(fleet.SIZES):
        SizeClass.objects.get_or_create(
            name=size.spec.name,
            defaults={
                "title": size.title,
                "position": position,
                "quota": dict(size.spec.quota),
                "limits": dict(size.spec.limits),
                "requests": dict(size.spec.requests),
            },
        )


def _clone_url() -> str:
    return f"{settings.PUBLIC_URL}/git/{{repository}}.git"


def _rendered() -> dict[str, str]:
    """The tenants' files in the platform repository, path to text."""
    specs: list[Spec] = [s for t in fleet.TENANTS for s in t.specs(_clone_url())]
    files = render(specs, allow_insecure_hosts=insecure_hosts()).of_role(Role.PLATFORM)
    return {path: file.text for path, file in files.items()}


def _forge(rendered: dict[str, str]) -> None:
    store = LocalStore(Path(settings.GATEHOUSE_DATA) / "forge")
    content = {
        fleet.PLATFORM_REPOSITORY: {
            **platform.files(forge_url=f"{settings.PUBLIC_URL}/git/"),
            **rendered,
        }
    }
    for tenant in fleet.TENANTS:
        content[tenant.repository] = tenant_repository.files(tenant.slug, tenant.clusters)
    for full_name, files in content.items():
        try:
            store.create(RepositoryPath.parse(full_name), by=BY, files=files)
        except AlreadyExists:
            continue


def _inventory() -> None:
    for tenant in fleet.TENANTS:
        landing.apply(
            Stage(
                title=f"Demo: {tenant.slug}",
                specs=tenant.specs(_clone_url()),
                owned={},
                claims=tuple(_claims(tenant)),
                tenant=tenant.facts(_clone_url()),
            )
        )


def _claims(tenant: fleet.DemoTenant) -> Iterable[Claim]:
    for placement in tenant.placements:
        for namespace in placement.namespaces:
            yield Claim(kind=ClaimKind.NAMESPACE, cluster=placement.cluster, name=namespace.name)


def _written(repositories: dict[str, Repository], rendered: dict[str, str]) -> None:
    """The tenants' files are the portal's: it wrote them, and keeps them so."""
    _remember(repositories[fleet.PLATFORM_REPOSITORY], rendered, Ownership.MANAGED)
    for tenant in fleet.TENANTS:
        spec = TenantRepository(tenant=tenant.slug, clusters=tenant.clusters)
        seeded = render([spec]).of_role(Role.TENANT)
        texts = {path: file.text for path, file in seeded.items()}
        _remember(repositories[tenant.repository], texts, Ownership.SEEDED)


def _remember(repository: Repository, texts: dict[str, str], ownership: Ownership) -> None:
    Blob.objects.bulk_create(
        [Blob(id=blob_id(text), text=text) for text in texts.values()], ignore_conflicts=True
    )
    for path, text in texts.items():
        RepositoryFile.objects.update_or_create(
            repository=repository,
            path=path,
            defaults={"written": blob_id(text), "ownership": ownership},
        )
