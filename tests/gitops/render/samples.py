"""Specs to render, and hypothesis strategies that make many of them."""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from gitops.rendering import Rendered, render
from gitops.spec import (
    FluxVersion,
    NamespaceSpec,
    NetworkProfile,
    PodSecurity,
    Role,
    SizeClassSpec,
    SyncSpec,
    TenantOnCluster,
    TenantRepository,
)

SMALL = SizeClassSpec(
    name="small",
    quota=(
        ("requests.cpu", "4"),
        ("requests.memory", "8Gi"),
        ("limits.cpu", "8"),
        ("limits.memory", "16Gi"),
        ("pods", "50"),
    ),
    limits=(("cpu", "500m"), ("memory", "512Mi")),
    requests=(("cpu", "100m"), ("memory", "128Mi")),
)


def namespace(name: str = "iris-blue", **changes: Any) -> NamespaceSpec:
    return dataclasses.replace(NamespaceSpec(name=name, size=SMALL), **changes)


def on_cluster(tenant: str = "iris-blue", **changes: Any) -> TenantOnCluster:
    """A tenant with a home and a second namespace on dev-1."""
    cluster = changes.get("cluster", "dev-1")
    spec = TenantOnCluster(
        tenant=tenant,
        cluster=cluster,
        environment="dev",
        flux=FluxVersion.V2_7,
        home=tenant,
        namespaces=(
            namespace(tenant),
            namespace(f"{tenant}-web", network=NetworkProfile.INTERNET),
        ),
        access_groups=(f"oidc:{tenant}",),
        sync=SyncSpec(
            url=f"https://forge.example.com/{tenant}/apps.git",
            branch="main",
            path=f"./clusters/{cluster}",
        ),
    )
    return dataclasses.replace(spec, **changes)


def repository(tenant: str = "iris-blue", **changes: Any) -> TenantRepository:
    spec = TenantRepository(tenant=tenant, clusters=("dev-1", "prod-1"))
    return dataclasses.replace(spec, **changes)


def platform_texts(rendered: Rendered) -> dict[str, str]:
    return {path: file.text for path, file in rendered.of_role(Role.PLATFORM).items()}


def texts_of(*specs: TenantOnCluster) -> dict[str, str]:
    return platform_texts(render(specs))


# Printable text a person could type, with everything YAML has a meaning for.
_TRICKY = st.sampled_from(
    list("\"'\\:#-?{}[],&*!|>%@`~=<$()+._0123456789eExXoOyYnN \u00e9\u4e2d😀")
)
_CLEAN = st.characters(exclude_categories=["C", "Z"])
user_texts = st.text(_TRICKY | _CLEAN, max_size=60).map(
    lambda text: text.replace("${", "$ {").strip()
)
group_names = user_texts.filter(lambda t: t and not t.casefold().startswith("system:"))
slugs = st.from_regex(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,18}[a-z0-9]", fullmatch=True).filter(
    lambda slug: "--" not in slug and not slug.startswith(("kube", "tanzu", "vmware"))
)


@st.composite
def tenants_on_clusters(draw: st.DrawFn) -> TenantOnCluster:
    tenant = draw(slugs)
    names = [tenant, *(f"{tenant}-{end}" for end in draw(st.sets(slugs, max_size=2)))]
    namespaces = tuple(
        namespace(
            name,
            purpose=draw(user_texts),
            cost_centre=draw(user_texts),
            network=draw(st.sampled_from(NetworkProfile)),
            pod_security=draw(st.sampled_from(PodSecurity)),
        )
        for name in names
    )
    return on_cluster(
        tenant,
        cluster=draw(slugs),
        flux=draw(st.sampled_from(FluxVersion)),
        namespaces=namespaces,
        access_groups=tuple(draw(st.lists(group_names, max_size=3))),
    )
