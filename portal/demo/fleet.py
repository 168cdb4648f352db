"""Who and what the demo begins with: clusters, sizes, people and three tenants. Pure values.

Nothing here is a real cluster or a real person. There is a cluster of every Flux minor, so that
what is written for one can be compared with what is written for another.
"""

from dataclasses import dataclass

from gitops.spec import (
    FluxVersion,
    NamespaceSpec,
    NetworkProfile,
    PodSecurity,
    SizeClassSpec,
    TenantOnCluster,
)
from tenants.inventory import (
    ClusterFacts,
    Environment,
    Member,
    MemberRole,
    Placement,
    RepositoryFacts,
    TenantFacts,
)
from tenants.operations import shared

PLATFORM_REPOSITORY = "platform/fleet"
BRANCH = "main"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A cluster group, by slug."""

    slug: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account. Everybody's password is the demo's."""

    username: str
    first_name: str
    last_name: str
    platform_admin: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


@dataclass(frozen=True, kw_only=True)
class Size:
    """A size class with what people see of it. Sizes are listed from the smallest up."""

    title: str
    spec: SizeClassSpec


@dataclass(frozen=True, kw_only=True)
class DemoTenant:
    """A tenant as it is merged when the demo begins. Its home namespace is called like it."""

    slug: str
    access_groups: tuple[str, ...]
    members: tuple[Member, ...]
    placements: tuple[Placement, ...]

    @property
    def home(self) -> str:
        return self.slug

    @property
    def repository(self) -> str:
        """The tenant repository, "owner/name"; its branch is `BRANCH`."""
        return f"{self.slug}/apps"

    @property
    def clusters(self) -> tuple[str, ...]:
        return tuple(placement.cluster for placement in self.placements)

    def facts(self, clone_url: str) -> TenantFacts:
        """As operations see it. `clone_url` contains "{repository}" (see `Before.clone_url`)."""
        url = clone_url.replace("{repository}", self.repository)
        return TenantFacts(
            slug=self.slug,
            home=self.home,
            repository=RepositoryFacts(repository=self.repository, branch=BRANCH, url=url),
            access_groups=self.access_groups,
            members=self.members,
            placements=self.placements,
        )

    def specs(self, clone_url: str) -> tuple[TenantOnCluster, ...]:
        """What rendering takes, one for each of its clusters."""
        facts = self.facts(clone_url)
        return tuple(
            shared.on_cluster(facts, CLUSTERS[placement.cluster], placement.namespaces)
            for placement in self.placements
        )


GROUPS: tuple[Group, ...] = (
    Group(slug="infra-ops", title="Platform operations"),
    Group(slug="dev", title="Development"),
    Group(slug="test", title="Test"),
    Group(slug="staging", title="Staging"),
    Group(slug="production", title="Production"),
)


def _cluster(
    name: str,
    group: str,
    environment: Environment,
    flux: FluxVersion,
    *,
    takes_tenants: bool = True,
) -> tuple[str, ClusterFacts]:
    facts = ClusterFacts(
        name=name, group=group, environment=environment, flux=flux, open=takes_tenants
    )
    return name, facts


CLUSTERS: dict[str, ClusterFacts] = dict(
    (
        # Upgrades go through the fleet from here to the end, so production is behind.
        _cluster(
            "infra-ops-1",
            "infra-ops",
            Environment.OPERATIONS,
            FluxVersion.V2_9,
            takes_tenants=False,
        ),
        _cluster("dev-1", "dev", Environment.DEV, FluxVersion.V2_9),
        # Kept on the oldest one for teams that have to support it.
        _cluster("dev-2", "dev", Environment.DEV, FluxVersion.V2_5),
        _cluster("test-1", "test", Environment.TEST, FluxVersion.V2_8),
        _cluster("staging-1", "staging", Environment.STAGING, FluxVersion.V2_7),
        _cluster("production-1", "production", Environment.PRODUCTION, FluxVersion.V2_6),
    )
)


def _size(
    name: str,
    title: str,
    *,
    cpu: tuple[str, str],
    memory: tuple[str, str],
    pods: str,
    volumes: tuple[str, str],
    container: tuple[tuple[str, str], tuple[str, str]],
) -> Size:
    """Pairs are (requests, limits); `volumes` is (number, storage of all together).

    `container` is what a container gets that asks for nothing: requests, then limits, each as
    (cpu, memory).
    """
    (request_cpu, request_memory), (limit_cpu, limit_memory) = container
    spec = SizeClassSpec(
        name=name,
        quota=(
            ("requests.cpu", cpu[0]),
            ("requests.memory", memory[0]),
            ("limits.cpu", cpu[1]),
            ("limits.memory", memory[1]),
            ("pods", pods),
            ("persistentvolumeclaims", volumes[0]),
            ("requests.storage", volumes[1]),
        ),
        limits=(("cpu", limit_cpu), ("memory", limit_memory)),
        requests=(("cpu", request_cpu), ("memory", request_memory)),
    )
    return Size(title=title, spec=spec)


SIZES: tuple[Size, ...] = (
    _size(
        "small",
        "Small: a service or two",
        cpu=("2", "4"),
        memory=("4Gi", "8Gi"),
        pods="20",
        volumes=("4", "20Gi"),
        container=(("50m", "128Mi"), ("500m", "512Mi")),
    ),
    _size(
        "medium",
        "Medium: an application with its database",
        cpu=("8", "16"),
        memory=("16Gi", "32Gi"),
        pods="60",
        volumes=("10", "100Gi"),
        container=(("100m", "256Mi"), ("1", "1Gi")),
    ),
    _size(
        "large",
        "Large: many services, or heavy ones",
        cpu=("32", "64"),
        memory=("64Gi", "128Gi"),
        pods="200",
        volumes=("30", "500Gi"),
        container=(("200m", "512Mi"), ("2", "2Gi")),
    ),
)
SMALL, MEDIUM, LARGE = (size.spec for size in SIZES)

PEOPLE: tuple[Person, ...] = (
    Person(username="alice", first_name="Alice", last_name="Andersen"),
    Person(username="bob", first_name="Bob", last_name="Becker", platform_admin=True),
    Person(username="carol", first_name="Carol", last_name="Costa", platform_admin=True),
    Person(username="charlie", first_name="Charlie", last_name="Chen"),
    Person(username="dana", first_name="Dana", last_name="Diallo"),
    Person(username="erin", first_name="Erin", last_name="Eriksen"),
)


def _owner(username: str) -> Member:
    return Member(username=username, role=MemberRole.OWNER)


def _member(username: str) -> Member:
    return Member(username=username, role=MemberRole.MEMBER)


_BLUE = "CC-1042"
_BLUE_HOME = NamespaceSpec(
    name="iris-blue",
    size=SMALL,
    network=NetworkProfile.TENANT,
    purpose="Shop: everything that has no namespace of its own",
    cost_centre=_BLUE,
)
_BLUE_WEB = NamespaceSpec(
    name="iris-blue-web",
    size=MEDIUM,
    network=NetworkProfile.INTERNET,
    purpose="Shop: pages customers see",
    cost_centre=_BLUE,
)
_RED = "CC-2210"
_RED_HOME = NamespaceSpec(
    name="iris-red", size=MEDIUM, purpose="Billing runs at night", cost_centre=_RED
)
_GREEN = "CC-3305"
_GREEN_HOME = NamespaceSpec(
    name="iris-green",
    size=MEDIUM,
    network=NetworkProfile.INTERNET,
    purpose="Sensors: readings from the greenhouses",
    cost_centre=_GREEN,
)

TENANTS: tuple[DemoTenant, ...] = (
    DemoTenant(
        slug="iris-blue",
        access_groups=("team-iris-blue",),
        members=(_owner("alice"),),
        placements=(
            Placement(cluster="dev-1", namespaces=(_BLUE_HOME, _BLUE_WEB)),
            Placement(cluster="test-1", namespaces=(_BLUE_HOME,)),
            Placement(cluster="staging-1", namespaces=(_BLUE_HOME, _BLUE_WEB)),
            Placement(cluster="production-1", namespaces=(_BLUE_HOME, _BLUE_WEB)),
        ),
    ),
    DemoTenant(
        slug="iris-green",
        access_groups=("greenhouse-operations", "team-iris-green"),
        members=(_owner("erin"),),
        placements=(
            Placement(
                cluster="dev-2",
                namespaces=(
                    _GREEN_HOME,
                    NamespaceSpec(
                        name="iris-green-models",
                        size=LARGE,
                        network=NetworkProfile.TENANT,
                        pod_security=PodSecurity.BASELINE,  # the vendor's image runs as root
                        purpose="Training of forecasts with a vendor's tools",
                        cost_centre=_GREEN,
                    ),
                ),
            ),
            Placement(cluster="production-1", namespaces=(_GREEN_HOME,)),
        ),
    ),
    DemoTenant(
        slug="iris-red",
        access_groups=("team-iris-red",),
        members=(_owner("dana"), _member("charlie")),
        placements=(
            Placement(
                cluster="dev-1",
                namespaces=(
                    _RED_HOME,
                    NamespaceSpec(
                        name="iris-red-reports",
                        size=SMALL,
                        network=NetworkProfile.TENANT,
                        purpose="Monthly figures for finance",
                        cost_centre=_RED,
                    ),
                ),
            ),
            Placement(cluster="staging-1", namespaces=(_RED_HOME,)),
        ),
    ),
)
