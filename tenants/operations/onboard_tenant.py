"""onboard-tenant: a new team with its first namespace, its members and its repository. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from gitops import layout, names, texts
from gitops.errors import Problem
from gitops.spec import NamespaceSpec, NetworkProfile, PodSecurity, Role, Spec, TenantRepository
from tenants.inventory import Before, Member, MemberRole, RepositoryFacts, TenantFacts
from tenants.operations import fields, rules, shared
from tenants.operations.base import (
    Asker,
    ChangeClass,
    Check,
    Claim,
    ClaimKind,
    Lookup,
    Operation,
    Stage,
)
from tenants.operations.facts import NO_FACTS, RequestFacts
from tenants.operations.fields import Source
from tenants.operations.parsing import found, problem

PEOPLE_MAX = 100
GROUPS_MAX = 50


@dataclass(frozen=True, kw_only=True)
class OnboardTenant:
    """What onboard-tenant is asked with."""

    name: Annotated[
        str,
        fields.name_field(
            title="Name",
            help="A short name for the team. Its first namespace has this name and every further "
            "one begins with it. Lower-case letters, digits and hyphens. It stays for good.",
            rule=names.tenant_slug,
            max_length=names.TENANT_MAX,
            pattern=fields.LABEL_PATTERN,
            example="iris-blue",
        ),
    ]
    owners: Annotated[
        tuple[str, ...],
        fields.list_field(
            title="Owners",
            help="Who speaks for the team here, by the names they sign in with. At least one.",
            rule=rules.username,
            max_length=rules.USERNAME_MAX,
            max_items=PEOPLE_MAX,
            example="alice",
        ),
    ]
    members: Annotated[
        tuple[str, ...],
        fields.list_field(
            title="Members",
            help="Who else may ask for changes in the team's name.",
            rule=rules.username,
            max_length=rules.USERNAME_MAX,
            max_items=PEOPLE_MAX,
        ),
    ] = ()
    access_groups: Annotated[
        tuple[str, ...],
        fields.list_field(
            title="Access groups",
            help="Groups of your sign-in system whose people may work in the namespaces "
            "themselves.",
            rule=texts.group_name,
            max_length=texts.GROUP_MAX,
            max_items=GROUPS_MAX,
            example="team-iris-blue",
        ),
    ] = ()
    clusters: Annotated[
        tuple[str, ...],
        fields.sources_field(
            title="Clusters",
            help="Where the team begins. Each environment has its own clusters; production needs a "
            "second approval.",
            source=Source.CLUSTERS,
            max_items=shared.CLUSTERS_MAX,
        ),
    ]
    repository: Annotated[
        str,
        fields.name_field(
            title="Repository",
            help="Where the team keeps what runs in its namespaces: owner/name. Empty means a "
            "repository called apps whose owner has the tenant's name.",
            rule=rules.repository,
            max_length=rules.REPOSITORY_MAX,
            example="iris-blue/apps",
        ),
    ] = ""
    branch: Annotated[
        str,
        fields.name_field(
            title="Branch",
            help="What is on this branch runs. In the platform team's own repository it has to be "
            "a branch of the tenant's own.",
            rule=rules.branch,
            max_length=rules.BRANCH_MAX,
            example="main",
        ),
    ] = "main"
    size_class: Annotated[
        str,
        fields.source_field(
            title="Size",
            help="How much computing power and memory everything in the first namespace may use "
            "together.",
            source=Source.SIZE_CLASSES,
        ),
    ]
    network: Annotated[
        NetworkProfile,
        fields.choice_field(
            title="Network",
            help="Whom programs in the first namespace may talk to.",
            choices=shared.NETWORK_CHOICES,
        ),
    ] = NetworkProfile.ISOLATED
    pod_security: Annotated[
        PodSecurity,
        fields.choice_field(
            title="Rights of programs",
            help="How much a program in the first namespace may do on the machine it runs on.",
            choices=shared.POD_SECURITY_CHOICES,
        ),
    ] = PodSecurity.RESTRICTED

    @property
    def repository_path(self) -> str:
        """The repository asked for, or the one a tenant has when nobody says."""
        return self.repository or default_repository(self.name)


def default_repository(name: str) -> str:
    """The repository of a tenant that named none."""
    return f"{name}/apps"


def _slug_is_free(before: Before, payload: OnboardTenant) -> tuple[Problem, ...]:
    return found("/spec/name", names.apart_from(payload.name, before.relatives))


def _home_is_free(before: Before, payload: OnboardTenant) -> tuple[Problem, ...]:
    if payload.name in before.relatives:
        return ()  # _slug_is_free says it
    return shared.name_is_free(before, payload.name, payload.clusters)


def _one_role_each(before: Before, payload: OnboardTenant) -> Iterator[Problem]:
    owners = set(payload.owners)
    for index, name in enumerate(payload.members):
        if name in owners:
            detail = f"{name} is an owner already, who may do all that members may."
            yield from problem(f"/spec/members/{index}", "duplicate", detail)


def _unknown(before: Before, pointer: str, usernames: tuple[str, ...]) -> Iterator[Problem]:
    for index, name in enumerate(usernames):
        if before.usernames is not None and name not in before.usernames:
            detail = f"Nobody signs in as {name}. They have to have signed in once."
            yield from problem(f"{pointer}/{index}", "unknown-user", detail)


def _owners_exist(before: Before, payload: OnboardTenant) -> Iterator[Problem]:
    yield from _unknown(before, "/spec/owners", payload.owners)


def _members_exist(before: Before, payload: OnboardTenant) -> Iterator[Problem]:
    yield from _unknown(before, "/spec/members", payload.members)


def _branch_is_its_own(before: Before, payload: OnboardTenant) -> Iterator[Problem]:
    platform = before.platform_repository
    if not _is_platform(before, payload.repository_path):
        return
    if rules.branches_collide(platform.branch, payload.branch):
        detail = (
            f"In the platform repository {payload.branch} is the platform team's; name a branch "
            f"of the tenant's own, such as {payload.name}."
        )
        yield from problem("/spec/branch", "platform-branch", detail)


def _repository_is_free(before: Before, payload: OnboardTenant) -> Iterator[Problem]:
    # Forges do not tell upper from lower case in these names.
    asked = (payload.repository_path.casefold(), payload.branch)
    if asked in {(repository.casefold(), branch) for repository, branch in before.repositories}:
        detail = f"{payload.repository_path} with the branch {payload.branch} is another tenant's."
        yield from problem("/spec/repository", "taken", detail)


def _is_platform(before: Before, repository: str) -> bool:
    return repository.casefold() == before.platform_repository.repository.casefold()


def tenant_facts(before: Before, payload: OnboardTenant) -> TenantFacts:
    """The tenant as it is once this is merged, without its placements."""
    roles = ((MemberRole.OWNER, payload.owners), (MemberRole.MEMBER, payload.members))
    return TenantFacts(
        slug=payload.name,
        home=payload.name,
        repository=_repository(before, payload),
        access_groups=payload.access_groups,
        members=tuple(
            Member(username=username, role=role) for role, people in roles for username in people
        ),
    )


def _repository(before: Before, payload: OnboardTenant) -> RepositoryFacts:
    platform = before.platform_repository
    if _is_platform(before, payload.repository_path):
        return RepositoryFacts(
            repository=platform.repository, branch=payload.branch, url=platform.url, platform=True
        )
    return RepositoryFacts(
        repository=payload.repository_path,
        branch=payload.branch,
        url=before.clone_url.replace("{repository}", payload.repository_path),
    )


def stages(
    before: Before, payload: OnboardTenant, facts: RequestFacts = NO_FACTS, /
) -> tuple[Stage, ...]:
    """One stage: the tenant on each cluster, and the first content of its repository."""
    tenant = tenant_facts(before, payload)
    home = _home(before, payload, facts)
    specs: list[Spec] = [
        shared.on_cluster(tenant, before.clusters[cluster], (home,)) for cluster in payload.clusters
    ]
    return (
        Stage(
            title=f"Onboard {payload.name}",
            specs=(*specs, TenantRepository(tenant=payload.name, clusters=payload.clusters)),
            owned=_owned(payload),
            claims=_claims(payload),
            tenant=tenant,
        ),
    )


def _home(before: Before, payload: OnboardTenant, facts: RequestFacts) -> NamespaceSpec:
    return NamespaceSpec(
        name=payload.name,
        size=before.size_classes[payload.size_class],
        network=payload.network,
        pod_security=payload.pod_security,
        purpose=facts.purpose,
        cost_centre=facts.cost_centre,
    )


def _owned(payload: OnboardTenant) -> dict[Role, tuple[str, ...]]:
    platform = [
        path
        for cluster in payload.clusters
        for path in (
            layout.sync_entry(cluster, payload.name),
            layout.namespace_dir(cluster, payload.name, payload.name),
        )
    ]
    tenant = [layout.repository_dir(cluster) for cluster in payload.clusters]
    return {
        Role.PLATFORM: tuple(platform),
        Role.TENANT: (*tenant, layout.repository_readme()),
    }


def _claims(payload: OnboardTenant) -> tuple[Claim, ...]:
    homes = (
        Claim(kind=ClaimKind.NAMESPACE, cluster=cluster, name=payload.name)
        for cluster in payload.clusters
    )
    repository = f"{payload.repository_path.casefold()}@{payload.branch}"
    return (
        Claim(kind=ClaimKind.TENANT, name=payload.name),
        Claim(kind=ClaimKind.REPOSITORY, name=repository),
        *homes,
    )


def _sentence(payload: OnboardTenant) -> str:
    people = len(payload.owners) + len(payload.members)
    persons = "one person" if people == 1 else f"{people} people"
    clusters = shared.listed(payload.clusters)
    return (
        f"Onboard the tenant {payload.name} with {persons} on {clusters}, "
        f"size {payload.size_class}, from {payload.repository_path}."
    )


def _looks_up(values: Mapping[str, Any]) -> Lookup:
    name = values.get("name")
    repository = values.get("repository") or (default_repository(name) if name else "")
    return Lookup(
        names=frozenset({name} if name else ()),
        usernames=frozenset((*values.get("owners", ()), *values.get("members", ()))),
        repositories=frozenset({repository} if repository else ()),
    )


OPERATION: Operation[OnboardTenant] = Operation(
    name="onboard-tenant",
    title="Onboard a tenant",
    description="A team's first namespace, who belongs to the team, and the repository that what "
    "it runs comes from.",
    payload=OnboardTenant,
    change_class=ChangeClass.NEW_TENANT,
    asks=Asker.ANYONE,
    needs_tenant=False,
    checks=(
        Check(reads=("name",), find=_slug_is_free),
        Check(reads=("name", "clusters"), find=_home_is_free),
        Check(reads=("owners",), find=_owners_exist),
        Check(reads=("members",), find=_members_exist),
        Check(reads=("owners", "members"), find=_one_role_each),
        Check(reads=("clusters",), find=shared.clusters_take_tenants),
        Check(reads=("name", "repository", "branch"), find=_repository_is_free),
        Check(reads=("name", "repository", "branch"), find=_branch_is_its_own),
        Check(reads=("size_class",), find=shared.size_class_exists),
    ),
    stages=stages,
    environments=shared.environments_of,
    subject=lambda payload: payload.name,
    sentence=_sentence,
    looks_up=_looks_up,
    offers=lambda before: shared.offered(before, lambda cluster: True),
)
