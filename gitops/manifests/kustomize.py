"""Kustomize's own file. Pure."""

from collections.abc import Iterable

from gitops.manifests.objects import Manifest

FILE_NAME = "kustomization.yaml"


def kustomization_file(resources: Iterable[str]) -> Manifest:
    """A kustomization file that lists `resources`; the list may be empty in a new repository."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }
