"""What the platform repository held before the portal came: clusters, Kyverno, policies. Pure.

`flux bootstrap` would have written `gotk-components.yaml` and `gotk-sync.yaml`; here are the
placeholders that are committed before a bootstrap so that lockdown holds from the first minute
(https://fluxcd.io/flux/installation/configuration/boostrap-customization/). The rest is what a
platform team writes. `tenants/` is not here: rendering makes it.

No `clusters/<cluster>/kustomization.yaml` either. Flux then finds every file by itself, and no list
exists that two tenants would have to share.
"""

from collections.abc import Iterable

from gitops.manifests import flux, labels, objects
from gitops.manifests.dump import dump, text
from gitops.manifests.kustomize import FILE_NAME, kustomization_file
from gitops.manifests.objects import Manifest, metadata
from gitops.manifests.versions import api_version
from gitops.spec import FluxVersion
from gitops.systems.flux import FLUX_NAMESPACE, PLATFORM_ACCOUNT, PLATFORM_SOURCE, POLICIES
from portal.demo import fleet, policies
from portal.demo.platform_readme import readme
from tenants.inventory import ClusterFacts

FORGE_URL = "https://git.example.com/"

KYVERNO = "kyverno"
KYVERNO_CHART = "3.9.0"  # Kyverno 1.19, the last minor that is sure to have ClusterPolicy
_HELM_ACCOUNT = "helm-controller"

_CONTROLLERS = (
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
)
_WITH_SOURCE_WATCHER = frozenset({FluxVersion.V2_7, FluxVersion.V2_8, FluxVersion.V2_9})

_PLACEHOLDER = """\
# Placeholder: nothing is installed from this file yet.
# `flux bootstrap --path=clusters/{cluster}` replaces it by {what}.
# It is committed beforehand so that the patches beside it hold from the first minute.
"""
_LOCKDOWN = """\
# Lockdown: Flux reads only what is in the tenant's own namespace and repository, and acts as nobody
# unless an account is named. The last patch gives the platform's own sync its account back.
"""
_KYVERNO_RELEASE = """\
# In flux-system, because a HelmRelease may not refer to another namespace; what it installs is in
# kyverno. Never pruned: with the release its CRDs would go, and with them every policy.
"""


def files(*, forge_url: str = FORGE_URL) -> dict[str, str]:
    """Path to text of the whole repository but `tenants/` and `clusters/*/tenants/`.

    Flux may clone from addresses that begin with `forge_url`; it ends with "/".
    """
    found = {"README.md": readme(forge_url), **_kyverno(), **_policies(forge_url)}
    for cluster in fleet.CLUSTERS.values():
        found |= _cluster(cluster)
    return dict(sorted(found.items()))


def _cluster(cluster: ClusterFacts) -> dict[str, str]:
    base = f"clusters/{cluster.name}"
    components = _PLACEHOLDER.format(cluster=cluster.name, what="Flux's controllers and CRDs")
    sync = _PLACEHOLDER.format(cluster=cluster.name, what="the sync of this repository")
    return {
        f"{base}/flux-system/gotk-components.yaml": components,
        f"{base}/flux-system/gotk-sync.yaml": sync,
        f"{base}/flux-system/{FILE_NAME}": _LOCKDOWN + dump([lockdown(cluster.flux)]),
        f"{base}/infrastructure.yaml": dump(_infrastructure(cluster.flux)),
    }


def lockdown(version: FluxVersion) -> Manifest:
    """The kustomization file of a cluster's flux-system. It patches what bootstrap writes."""
    extra = ("source-watcher",) if version in _WITH_SOURCE_WATCHER else ()
    patches = [
        _argument((*_CONTROLLERS, *extra), "--no-cross-namespace-refs=true"),
        _argument(("kustomize-controller",), "--no-remote-bases=true"),
        _argument(("kustomize-controller", "helm-controller"), "--default-service-account=default"),
        _patch("/spec/serviceAccountName", PLATFORM_ACCOUNT, "Kustomization", PLATFORM_SOURCE),
    ]
    return {**kustomization_file(["gotk-components.yaml", "gotk-sync.yaml"]), "patches": patches}


def _argument(controllers: Iterable[str], argument: str) -> Manifest:
    """Adds an argument to those of the controllers that are installed."""
    path = "/spec/template/spec/containers/0/args/-"
    return _patch(path, argument, "Deployment", f"({'|'.join(controllers)})")


def _patch(path: str, value: str, kind: str, name: str) -> Manifest:
    operation = {"op": "add", "path": path, "value": value}
    return {"patch": text([operation]), "target": {"kind": kind, "name": name}}


def _infrastructure(version: FluxVersion) -> list[Manifest]:
    """Kyverno, then the policies; tenants come after both (`gitops.systems.flux`)."""
    return [
        _sync(KYVERNO, version, interval="12h0m0s", timeout="10m0s"),
        _sync(POLICIES, version, interval="15m0s", timeout="5m0s", depends_on=[KYVERNO]),
    ]


def _sync(
    name: str, version: FluxVersion, *, interval: str, timeout: str, depends_on: Iterable[str] = ()
) -> Manifest:
    """Applies `infrastructure/<name>` and waits for it.

    Should this object itself be lost, what it applied stays (`Orphan`): no mistake in this
    repository may leave the tenants without policies.
    """
    found = flux.kustomization(
        name,
        FLUX_NAMESPACE,
        path=f"./infrastructure/{name}",
        source=PLATFORM_SOURCE,
        service_account=PLATFORM_ACCOUNT,
        flux=version,
        interval=interval,
        retry_interval="2m0s",
        timeout=timeout,
        depends_on=depends_on,
    )
    return {**found, "spec": {**found["spec"], "deletionPolicy": "Orphan", "wait": True}}


def _kyverno() -> dict[str, str]:
    """One form for the whole fleet: all Flux minors serve these versions of these kinds."""
    base = f"infrastructure/{KYVERNO}"
    names = ["namespace.yaml", "source.yaml", "release.yaml"]
    return {
        f"{base}/{FILE_NAME}": dump([kustomization_file(names)]),
        f"{base}/namespace.yaml": dump([_kyverno_namespace()]),
        f"{base}/source.yaml": dump([_kyverno_source()]),
        f"{base}/release.yaml": _KYVERNO_RELEASE + dump([_kyverno_release()]),
    }


def _kyverno_namespace() -> Manifest:
    own = {labels.POD_SECURITY_ENFORCE: "restricted", labels.POD_SECURITY_WARN: "restricted"}
    return objects.namespace(KYVERNO, labels=own, annotations={labels.PRUNE: labels.DISABLED})


def _kyverno_source() -> Manifest:
    return {
        "apiVersion": api_version("HelmRepository", FluxVersion.V2_5),
        "kind": "HelmRepository",
        "metadata": metadata(KYVERNO, FLUX_NAMESPACE),
        "spec": {"interval": "12h0m0s", "url": "https://kyverno.github.io/kyverno/"},
    }


def _kyverno_release() -> Manifest:
    chart = {
        "chart": KYVERNO,
        "sourceRef": {"kind": "HelmRepository", "name": KYVERNO},
        "version": KYVERNO_CHART,
    }
    retries = {"remediation": {"retries": 3}}
    return {
        "apiVersion": api_version("HelmRelease", FluxVersion.V2_5),
        "kind": "HelmRelease",
        "metadata": metadata(KYVERNO, FLUX_NAMESPACE, annotations={labels.PRUNE: labels.DISABLED}),
        "spec": {
            "chart": {"spec": chart},
            "install": retries,
            "interval": "1h0m0s",
            "releaseName": KYVERNO,
            "serviceAccountName": _HELM_ACCOUNT,
            "storageNamespace": KYVERNO,
            "targetNamespace": KYVERNO,
            "timeout": "8m0s",
            "upgrade": retries,
            # Policies fail closed, so one replica that restarts would stop every deployment.
            "values": {"admissionController": {"replicas": 3}},
        },
    }


def _policies(forge_url: str) -> dict[str, str]:
    found = {
        "flux-multi-tenancy.yaml": policies.flux_multi_tenancy(),
        "protect-guardrails.yaml": policies.protect_guardrails(),
        "verify-git-repositories.yaml": policies.verify_git_repositories(forge_url),
    }
    base = f"infrastructure/{POLICIES}"
    texts = {f"{base}/{name}": dump([policy]) for name, policy in found.items()}
    return {f"{base}/{FILE_NAME}": dump([kustomization_file(found)]), **texts}
