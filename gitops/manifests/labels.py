"""Keys of labels and annotations the portal writes, and no others. Pure."""

TENANT = "toolkit.fluxcd.io/tenant"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "gatehouse"

POD_SECURITY_ENFORCE = "pod-security.kubernetes.io/enforce"
POD_SECURITY_WARN = "pod-security.kubernetes.io/warn"
POD_SECURITY_AUDIT = "pod-security.kubernetes.io/audit"

PRUNE = "kustomize.toolkit.fluxcd.io/prune"
SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
DISABLED = "disabled"

# The portal's own domain: nothing in a cluster acts on these but what the platform team builds.
DOMAIN = "gatehouse.internal/"
ENVIRONMENT = f"{DOMAIN}environment"
SIZE_CLASS = f"{DOMAIN}size-class"
PURPOSE = f"{DOMAIN}purpose"
COST_CENTRE = f"{DOMAIN}cost-centre"
LEASE = f"{DOMAIN}lease"
LIFE = f"{DOMAIN}life"

# Set by Kubernetes on each namespace; the name cannot be forged.
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def of_tenant(tenant: str) -> dict[str, str]:
    """What every object the portal writes carries."""
    return {TENANT: tenant, MANAGED_BY: MANAGER}
