"""Every tree builds, as Flux would build it, and the build holds what was rendered."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.manifests.dump import dump
from gitops.manifests.kustomize import kustomization_file
from gitops.rendering import render
from gitops.spec import FluxVersion, Life, NetworkProfile, Role
from tests.gitops.render.samples import namespace, on_cluster, repository


@pytest.fixture
def build(need: Callable[[str], str]) -> Callable[[Path], list[Any]]:
    words = [*os.environ.get("KUSTOMIZE", "").split()]
    words = [*words, "build"] if words else need("kustomize").split()

    def run(folder: Path) -> list[Any]:
        done = subprocess.run([*words, str(folder)], check=True, capture_output=True, timeout=60)
        return list(yaml.safe_load_all(done.stdout))

    return run


def _write(folder: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _as_flux(folder: Path) -> Path:
    """The kustomization file that kustomize-controller makes where there is none."""
    assert not list(folder.rglob("kustomization.y*ml"))
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml"))
    (folder / "kustomization.yaml").write_text(dump([kustomization_file(found)]), encoding="utf-8")
    return folder


def _by_identity(objects: list[Any]) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {
        (o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in objects
    }
    assert len(found) == len(objects)
    return found


CASES = {
    "two namespaces": [on_cluster()],
    "two tenants": [on_cluster(), on_cluster("iris-red")],
    "oldest flux": [on_cluster(flux=FluxVersion.V2_5)],
    "suspended": [on_cluster(life=Life.SUSPENDED)],
    "draining": [on_cluster(life=Life.DRAINING)],
    "hostile texts": [
        on_cluster(
            namespaces=(
                namespace(
                    purpose="yes: # {no} 'x' \"y\" --- &a *b !!c",
                    cost_centre="0o7",
                    network=NetworkProfile.INTERNET,
                ),
            ),
            access_groups=("1e3", "null", "a: b", "- x", "~"),
        )
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_platform_trees_build(
    case: str, tmp_path: Path, build: Callable[[Path], list[Any]]
) -> None:
    texts = {p: f.text for p, f in render(CASES[case]).of_role(Role.PLATFORM).items()}
    _write(tmp_path, texts)
    built = build(_as_flux(tmp_path / "clusters/dev-1"))
    for spec in CASES[case]:
        built += build(_as_flux(tmp_path / f"tenants/dev-1/{spec.tenant}"))
    written = [o for text in texts.values() for o in yaml.safe_load_all(text)]
    assert _by_identity(built) == _by_identity(written)


def test_the_tenants_first_content_builds_to_nothing(
    tmp_path: Path, build: Callable[[Path], list[Any]]
) -> None:
    for prefix in ("", "teams/blue/"):
        files = render([repository(prefix=prefix)]).of_role(Role.TENANT)
        _write(tmp_path, {path: file.text for path, file in files.items()})
        for cluster in ("dev-1", "prod-1"):
            assert build(tmp_path / f"{prefix}clusters/{cluster}") == []


def test_the_patch_forces_the_account(tmp_path: Path, build: Callable[[Path], list[Any]]) -> None:
    """The patch we hand to Flux, run by kustomize on what a tenant could write."""
    texts = render([on_cluster()]).of_role(Role.PLATFORM)
    sync_text = texts["tenants/dev-1/iris-blue/iris-blue/sync.yaml"].text
    sync = list(yaml.safe_load_all(sync_text))[1]
    child = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
    release = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease"}
    evil = {"spec": {"serviceAccountName": "kustomize-controller"}}
    objects = [
        {**child, "metadata": {"name": "a"}, **evil},
        {**release, "metadata": {"name": "b"}, "spec": {"interval": "1m"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}},
    ]
    kustomization = {**kustomization_file(["x.yaml"]), "patches": sync["spec"]["patches"]}
    _write(tmp_path, {"x.yaml": dump(objects), "kustomization.yaml": dump([kustomization])})
    built = {o["metadata"]["name"]: o for o in build(tmp_path)}
    assert built["a"]["spec"]["serviceAccountName"] == "iris-blue"
    assert built["b"]["spec"]["serviceAccountName"] == "iris-blue"
    assert built["c"] == objects[2]
