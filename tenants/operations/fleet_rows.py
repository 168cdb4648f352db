"""The rows of a fleet in a document, described like the fields of a payload. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from gitops import addresses, names, texts
from gitops.names import Broken
from gitops.spec import FluxVersion, Life, NetworkProfile, PodSecurity
from tenants.inventory import Environment
from tenants.operations import rules, shared
from tenants.operations.facts import COST_CENTRE_MAX
from tenants.operations.fields import (
    boolean_field,
    choice_field,
    date_field,
    list_field,
    name_field,
    text_field,
)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that Flux may reach without encryption: a forge on the same machine."""


def _words(members: Iterable[Any]) -> dict[Any, tuple[str, str]]:
    return {member: (member.value, "") for member in members}


def _clone_url(value: str) -> tuple[Broken, ...]:
    if value.count("{repository}") != 1:
        return names.broken("bad-url", "Write {repository} where the repository's path goes.")
    return addresses.git_url(value.replace("{repository}", "a/b"), allow_insecure_hosts=LOOPBACK)


_NAME = name_field(title="Name", help="", rule=names.namespace_name, max_length=names.LABEL_MAX)
_SIZE = name_field(title="Size", help="", rule=names.label, max_length=names.LABEL_MAX)
_REPOSITORY = name_field(
    title="Repository", help="", rule=rules.repository, max_length=rules.REPOSITORY_MAX
)
_BRANCH = name_field(title="Branch", help="", rule=rules.branch, max_length=rules.BRANCH_MAX)
_PEOPLE = list_field(
    title="People", help="", rule=rules.username, max_length=rules.USERNAME_MAX, max_items=1000
)
_GROUPS = list_field(
    title="Access groups", help="", rule=texts.group_name, max_length=256, max_items=1000
)


@dataclass(frozen=True, kw_only=True)
class FleetRow:
    """What a fleet has once."""

    platform_repository: Annotated[str, _REPOSITORY]
    platform_branch: Annotated[str, _BRANCH] = "main"
    clone_url: Annotated[
        str, name_field(title="Clone address", help="", rule=_clone_url, max_length=1000)
    ]
    users: Annotated[tuple[str, ...] | None, _PEOPLE] = None
    today: Annotated[date | None, date_field(title="Today", help="", rule=texts.iso_date)] = None


@dataclass(frozen=True, kw_only=True)
class ClusterRow:
    """A cluster, by its name."""

    environment: Annotated[
        Environment, choice_field(title="Environment", help="", choices=_words(Environment))
    ]
    flux: Annotated[FluxVersion, choice_field(title="Flux", help="", choices=_words(FluxVersion))]
    group: Annotated[
        str, name_field(title="Group", help="", rule=names.label, max_length=names.LABEL_MAX)
    ] = ""
    open: Annotated[bool, boolean_field(title="Takes tenants", help="")] = True


@dataclass(frozen=True, kw_only=True)
class NamespaceRow:
    """A namespace of a tenant on a cluster."""

    name: Annotated[str, _NAME]
    size_class: Annotated[str, _SIZE]
    network: Annotated[
        NetworkProfile, choice_field(title="Network", help="", choices=shared.NETWORK_CHOICES)
    ] = NetworkProfile.ISOLATED
    pod_security: Annotated[
        PodSecurity, choice_field(title="Rights", help="", choices=shared.POD_SECURITY_CHOICES)
    ] = PodSecurity.RESTRICTED
    purpose: Annotated[
        str, text_field(title="Purpose", rule=texts.purpose, max_length=texts.PURPOSE_MAX)
    ] = ""
    cost_centre: Annotated[
        str, text_field(title="Cost centre", rule=texts.cost_centre, max_length=COST_CENTRE_MAX)
    ] = ""
    lease: Annotated[date | None, date_field(title="Lease", help="", rule=texts.iso_date)] = None
    life: Annotated[Life, choice_field(title="Life", help="", choices=_words(Life))] = Life.ACTIVE


@dataclass(frozen=True, kw_only=True)
class TenantRow:
    """A tenant, by its name. Its home is called like it, its repository <name>/apps, by default."""

    home: Annotated[str, _NAME] = ""
    repository: Annotated[str, _REPOSITORY] = ""
    branch: Annotated[str, _BRANCH] = "main"
    access_groups: Annotated[tuple[str, ...], _GROUPS] = ()
    owners: Annotated[tuple[str, ...], _PEOPLE] = ()
    members: Annotated[tuple[str, ...], _PEOPLE] = ()
