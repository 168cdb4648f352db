"""The front page a new tenant repository is given. Pure."""

from gitops.spec import TenantRepository

_TEXT = """\
# {tenant}

What runs in the namespaces of the tenant {tenant}. Flux applies it from here.

Each cluster has a directory: `{prefix}clusters/<cluster>/`. Whatever its `kustomization.yaml` lists
is applied to that cluster, and what is taken out of it is removed there.

- Give every object the namespace it belongs to; only namespaces of {tenant} are possible.
- New namespaces, more quota and network access are asked for in the portal.
- Leave `serviceAccountName` out of Kustomizations and HelmReleases: they run as `{tenant}` anyway.
- Keep secrets out of this repository.

Try a change before it is merged: `kubectl kustomize {prefix}clusters/<cluster>`.

These files were written once by the portal and are yours now.
"""


def readme(spec: TenantRepository) -> str:
    """Markdown; only checked names go into it."""
    return _TEXT.format(tenant=spec.tenant, prefix=spec.prefix)
