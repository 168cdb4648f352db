"""One corpus, three covers: what `render` says of a wish, the services and the form say too."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from gitops.models import Connection, Repository
from tenants import queries
from tenants.forms.reading import PREFIX, read_form
from tenants.models import (
    Cluster,
    ClusterGroup,
    Membership,
    Namespace,
    Request,
    SizeClass,
    Tenant,
)
from tenants.operations import OPERATIONS
from tenants.operations.fields import Kind
from tenants.proposals import Wish, propose
from tests.corpus.cases import Case, cases, fleet

CASES = [*cases()]
BROWSER = [case for case in CASES if case.browser]


@pytest.fixture
def bob(db: None) -> Iterator[User]:
    """The corpus' world as rows, on its day; bob is a platform admin in it."""
    world = fleet()
    with time_machine.travel(f"{world['today']}T12:00:00+00:00", tick=False):
        _people(world["users"])
        platform = _repository(world, world["platform_repository"], "main", "platform")
        _clusters(world, platform)
        for slug, facts in world["tenants"].items():
            _tenant(world, slug, facts)
        yield User.objects.get(username="bob")


def _people(usernames: list[str]) -> None:
    admins = Group.objects.create(name=queries.ADMINS)
    for name in usernames:
        user = User.objects.create(username=name)
        if name == "bob":
            user.groups.add(admins)


def _repository(world: dict[str, Any], full_name: str, branch: str, role: str) -> Repository:
    connection, _ = Connection.objects.get_or_create(
        slug="git",
        defaults={"forge": "github", "base_url": world["clone_url"].rpartition("/")[0]},
    )
    owner, _, name = full_name.partition("/")
    return Repository.objects.create(
        connection=connection,
        owner=owner,
        name=name,
        target_branch=branch,
        role=role,
        base_commit="0" * 40,
        next_look_at=timezone.now(),
    )


def _clusters(world: dict[str, Any], platform: Repository) -> None:
    for name, facts in world["clusters"].items():
        group, _ = ClusterGroup.objects.get_or_create(slug=facts["group"])
        Cluster.objects.create(
            name=name,
            group=group,
            environment=facts["environment"],
            flux=facts["flux"],
            repository=platform,
            takes_tenants=facts.get("open", True),
        )
    for name, amounts in world["size_classes"].items():
        texts = {kind: {k: str(v) for k, v in row.items()} for kind, row in amounts.items()}
        SizeClass.objects.create(name=name, title=name, **texts)


def _tenant(world: dict[str, Any], slug: str, facts: dict[str, Any]) -> None:
    full_name = facts.get("repository", f"{slug}/apps")
    tenant = Tenant.objects.create(
        slug=slug,
        home=slug,
        repository=_repository(world, full_name, facts.get("branch", "main"), "tenant"),
        access_groups=facts.get("access_groups", []),
    )
    for role in ("owner", "member"):
        for username in facts.get(f"{role}s", []):
            user = User.objects.get(username=username)
            Membership.objects.create(tenant=tenant, user=user, role=role)
    for cluster, namespaces in facts["placements"].items():
        row = Cluster.objects.get(name=cluster)
        tenant.placements.create(cluster=row)
        for n in namespaces:
            Namespace.objects.create(
                tenant=tenant,
                cluster=row,
                name=n["name"],
                size_class=SizeClass.objects.get(name=n["size_class"]),
                network=n.get("network", "isolated"),
                pod_security=n.get("pod_security", "restricted"),
            )


def _verdict(wish: Wish) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((p.pointer, p.code) for p in propose(wish).problems))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_services_say_what_render_says(bob: User, case: Case) -> None:
    said = case.said
    wish = Wish(
        operation=case.operation,
        tenant=said.get("tenant", ""),
        payload=said.get("spec"),
        purpose=said.get("purpose", ""),
        cost_centre=said.get("cost_centre", ""),
        external=said.get("external"),
    )
    assert _verdict(wish) == case.expect


@pytest.mark.parametrize("case", BROWSER, ids=str)
def test_the_form_says_what_render_says(bob: User, client: Client, case: Case) -> None:
    operation = OPERATIONS[case.operation]
    posted = _as_form(case)
    form = read_form(operation, QueryDict(urlencode(posted)), tenant=posted[0][1])
    wish = Wish(
        operation=case.operation,
        tenant=form.tenant,
        payload=dict(form.payload),
        purpose=form.purpose,
        cost_centre=form.cost_centre,
    )
    assert _verdict(wish) == case.expect

    client.force_login(bob)
    answer = client.post(
        f"/requests/new/{case.operation}/",
        urlencode([*posted, ("do", "submit")]),
        content_type="application/x-www-form-urlencoded",
    )
    if case.good:
        assert answer.status_code == 302, answer.content.decode()
        assert Request.objects.get().status == "submitted"
    else:
        assert answer.status_code in {404, 422}
        assert not Request.objects.exists()


def _as_form(case: Case) -> list[tuple[str, str]]:
    """The wish as a browser sends it; the tenant comes first."""
    spec = case.said.get("spec") or {}
    posted = [("tenant", case.said.get("tenant", ""))]
    for field in OPERATIONS[case.operation].fields:
        value = spec.get(field.name)
        if value is None:
            continue
        name = PREFIX + field.name
        if field.kind is Kind.CHOICES:
            posted += [(name, item) for item in value]
        else:
            posted.append((name, "\n".join(value) if isinstance(value, list) else str(value)))
    posted += [(n, case.said[n]) for n in ("purpose", "cost_centre") if n in case.said]
    return posted
