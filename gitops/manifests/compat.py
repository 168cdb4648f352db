"""What the Flux CLI prints with `--export`, byte for byte. Pure.

For people who compare with their own `flux create …`, and an outside check of our builders. What
the portal writes itself differs on purpose: narrower rights, one more label, pruning on.
"""

from collections.abc import Iterable, Mapping

from gitops.manifests import flux, objects
from gitops.manifests.dump import dump
from gitops.manifests.labels import TENANT
from gitops.manifests.objects import Manifest
from gitops.manifests.versions import NEWEST


def create_tenant(
    name: str,
    namespaces: Iterable[str],
    *,
    cluster_role: str = "cluster-admin",
    service_account: str = "",
    skip_namespace: bool = False,
    labels: Mapping[str, str] | None = None,
) -> str:
    """`flux create tenant NAME --with-namespace=… --export`."""
    found: list[Manifest] = []
    for namespace in namespaces:
        own = {**(labels or {}), TENANT: name}
        account = service_account or name
        if not skip_namespace:
            found.append(objects.namespace(namespace, labels=own))
        found.append(objects.service_account(account, namespace, labels=own))
        subjects = [
            # Left over in the CLI from a design that was given up; nobody logs in with this name.
            objects.user_subject(f"gotk:{namespace}:reconciler"),
            objects.service_account_subject(account, namespace),
        ]
        found.append(
            objects.role_binding(
                f"{name}-reconciler",
                namespace,
                cluster_role=cluster_role,
                subjects=subjects,
                labels=own,
            )
        )
    return dump(found, leading=True)


def create_source_git(
    name: str,
    *,
    url: str,
    ref: Mapping[str, str],
    namespace: str = "flux-system",
    interval: str = "1m0s",
    provider: str = "",
    secret_ref: str = "",
) -> str:
    """`flux create source git NAME --export`. `ref` as `manifests.flux.git_repository` has it."""
    source = flux.git_repository(
        name,
        namespace,
        url=url,
        ref=ref,
        flux=NEWEST,
        interval=interval,
        provider=provider,
        secret_name=secret_ref,
    )
    return dump([source], leading=True)


def create_kustomization(
    name: str,
    *,
    source: str,
    path: str,
    service_account: str,
    namespace: str = "flux-system",
    interval: str = "1m0s",
    prune: bool = False,
) -> str:
    """`flux create kustomization NAME --export`; pruning is off there unless asked for."""
    sync = flux.kustomization(
        name,
        namespace,
        path=path,
        source=source,
        service_account=service_account,
        flux=NEWEST,
        interval=interval,
        prune=prune,
    )
    return dump([sync], leading=True)
