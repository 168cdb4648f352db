"""Which API version and which values each Flux minor takes: one table. Pure.

Source: the CRDs of Flux 2.5.1, 2.6.4, 2.7.5, 2.8.8 and 2.9.4; the version written is the newest
stable one that the minor serves. A test holds this table to those CRDs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gitops.spec import FluxVersion

_STABLE = {
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "GitRepository": "source.toolkit.fluxcd.io/v1",
    "HelmRepository": "source.toolkit.fluxcd.io/v1",
    "Bucket": "source.toolkit.fluxcd.io/v1",
    "HelmRelease": "helm.toolkit.fluxcd.io/v2",
    "Receiver": "notification.toolkit.fluxcd.io/v1",
    "Alert": "notification.toolkit.fluxcd.io/v1beta3",
    "Provider": "notification.toolkit.fluxcd.io/v1beta3",
}
_OCI_BETA = {"OCIRepository": "source.toolkit.fluxcd.io/v1beta2"}
_OCI = {"OCIRepository": "source.toolkit.fluxcd.io/v1"}


def _image(version: str) -> dict[str, str]:
    kinds = ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation")
    return dict.fromkeys(kinds, f"image.toolkit.fluxcd.io/{version}")


@dataclass(frozen=True, kw_only=True)
class FluxProfile:
    """What to write for one Flux minor."""

    api_versions: Mapping[str, str]  # kind to apiVersion
    deletion_policy: str  # of a Kustomization whose objects have to be gone when it is


PROFILES: dict[FluxVersion, FluxProfile] = {
    FluxVersion.V2_5: FluxProfile(
        api_versions=_STABLE | _OCI_BETA | _image("v1beta2"),
        deletion_policy="Delete",  # WaitForTermination came with 2.6
    ),
    FluxVersion.V2_6: FluxProfile(
        api_versions=_STABLE | _OCI | _image("v1beta2"), deletion_policy="WaitForTermination"
    ),
    FluxVersion.V2_7: FluxProfile(
        api_versions=_STABLE | _OCI | _image("v1"), deletion_policy="WaitForTermination"
    ),
    FluxVersion.V2_8: FluxProfile(
        api_versions=_STABLE | _OCI | _image("v1"), deletion_policy="WaitForTermination"
    ),
    FluxVersion.V2_9: FluxProfile(
        api_versions=_STABLE | _OCI | _image("v1"), deletion_policy="WaitForTermination"
    ),
}

NEWEST = FluxVersion.V2_9


def api_version(kind: str, flux: FluxVersion) -> str:
    """The apiVersion to write for a Flux `kind`. Raises KeyError for a kind Flux has not."""
    return PROFILES[flux].api_versions[kind]
