"""From what should be to what changes: rendered stages against the snapshot of each repository."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from gitops import digests, policies
from gitops.changes import Plan, TreeEntry, plan
from gitops.errors import InvalidSpec, Problem
from gitops.models import Repository, RepositoryFile
from gitops.models.repository import below
from gitops.policies import Severity, Verdict
from gitops.rendered import Rendered
from gitops.spec import Ownership, Role, TenantOnCluster
from tenants.inventory import Before
from tenants.models import Tenant
from tenants.operations.base import Stage
from tenants.schema_check import schema_verdicts


@dataclass(frozen=True, kw_only=True)
class Part:
    """The changes of one stage in one repository: what becomes a change set."""

    stage: int
    role: Role
    repository: Repository
    plan: Plan
    owned: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digests.change_set_digest(
            str(self.repository.pk), self.repository.target_branch, self.plan.changes
        )


def insecure_hosts() -> tuple[str, ...]:
    """Hosts Flux may be pointed at by plain http: the local forge, while it is on loopback."""
    address = urlsplit(settings.PUBLIC_URL)
    return (address.netloc,) if address.scheme == "http" else ()


def _repositories(stage: Stage, tenant: Tenant | None) -> dict[Role, Repository]:
    """Which repository each role of the stage means. Raises `InvalidSpec`."""
    clusters = {spec.cluster for spec in _on_clusters(stage)}
    found = Repository.objects.filter(clusters__name__in=clusters).distinct()
    platforms = list(found.select_related("connection"))
    if len(platforms) != 1:
        detail = "These clusters have different platform repositories; ask for each by itself."
        problem = Problem(pointer="/spec/clusters", code="several-repositories", detail=detail)
        raise InvalidSpec([problem])
    roles = {Role.PLATFORM: platforms[0]}
    if Role.TENANT in stage.owned:
        roles[Role.TENANT] = _tenant_repository(stage, tenant, platforms[0])
    return roles


def _tenant_repository(stage: Stage, tenant: Tenant | None, platform: Repository) -> Repository:
    """The tenant's repository; for a new tenant a row that is saved with the request."""
    if tenant is not None:
        return tenant.repository
    if stage.tenant is None:
        raise ValueError(f"Stage {stage.title!r} writes to a repository of no known tenant.")
    facts = stage.tenant.repository
    owner, _, name = facts.repository.rpartition("/")
    key = {
        "connection": platform.connection,
        "owner": owner,
        "name": name,
        "target_branch": facts.branch,
    }
    # The id follows from the key, so that previews of one wish have one digest.
    new_id = uuid.uuid5(platform.connection_id, f"{facts.repository}@{facts.branch}")
    known = Repository.objects.filter(**key).first()
    return known or Repository(id=new_id, **key, role=Role.TENANT)


def parts_of(
    number: int, stage: Stage, rendered: Rendered, tenant: Tenant | None
) -> tuple[Part, ...]:
    """What the `number`-th stage changes in each repository it reaches. Raises `InvalidSpec`."""
    return tuple(
        _part(number, role, repository, stage, rendered)
        for role, repository in _repositories(stage, tenant).items()
    )


def _part(
    number: int, role: Role, repository: Repository, stage: Stage, rendered: Rendered
) -> Part:
    owned = stage.owned.get(role, ())
    tree = snapshot(repository, owned)
    return Part(
        stage=number,
        role=role,
        repository=repository,
        plan=plan(tree, rendered.of_role(role), owned),
        owned=owned,
    )


def snapshot(repository: Repository, owned: Iterable[str]) -> Mapping[str, TreeEntry]:
    """What the portal knows of the owned paths and of what lies above them."""
    paths = list(owned)
    above = {
        "/".join(parts[:i])
        for parts in (p.rstrip("/").split("/") for p in paths)
        for i in range(1, len(parts) + 1)
    }
    rows = RepositoryFile.objects.filter(repository_id=repository.pk).filter(
        below([*paths, *sorted(above)])
    )
    return {
        row.path: TreeEntry(
            blob=row.blob,
            written=row.written,
            ownership=Ownership(row.ownership or Ownership.MANAGED),
        )
        for row in rows
    }


def verdicts_on(
    parts: tuple[Part, ...],
    rendered: list[Rendered],
    before: Before,
    stages: tuple[Stage, ...],
    slug: str,
) -> tuple[Verdict, ...]:
    """What policies have against everything rendered, changed or not."""
    there = before.tenant.placements if before.tenant else ()
    known = {namespace.name for placement in there for namespace in placement.namespaces}
    on_clusters = {number: _on_clusters(stage) for number, stage in enumerate(stages, start=1)}
    for specs in on_clusters.values():
        known |= {namespace.name for spec in specs for namespace in spec.namespaces}
    found = [_unseen(part) for part in parts if not part.repository.base_commit]
    for part in parts:
        result = rendered[part.stage - 1]
        context = policies.Context(
            role=part.role,
            tenant=slug,
            namespaces=frozenset(known),
            foreign=part.plan.foreign,
            insecure_hosts=frozenset(insecure_hosts()),
        )
        texts = {path: file.text for path, file in result.of_role(part.role).items()}
        found.extend(policies.verdicts(texts, context))
        found.extend(schema_verdicts(texts, {s.cluster: s.flux for s in on_clusters[part.stage]}))
    return tuple(dict.fromkeys(found))


def _on_clusters(stage: Stage) -> list[TenantOnCluster]:
    return [spec for spec in stage.specs if isinstance(spec, TenantOnCluster)]


def _unseen(part: Part) -> Verdict:
    """Said before anybody approves: nobody has looked into this repository yet."""
    name = f"{part.repository.full_name} (branch {part.repository.target_branch})"
    trouble = part.repository.snapshot_error
    return Verdict(
        pack="repositories",
        rule="seen",
        severity=Severity.WARNING,
        path=part.repository.full_name,
        line=None,
        message=f"{trouble}." if trouble else f"Nobody has looked into {name} yet.",
        fix="If it does not exist, a platform admin makes it. It is then looked at by itself, and "
        "only then can this be approved.",
    )
