"""What the tests of the demo share: whole repositories on disk, as Flux would see them."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gitops.manifests.dump import dump
from gitops.manifests.kustomize import FILE_NAME, kustomization_file
from gitops.manifests.read import load_all
from gitops.rendering import render
from gitops.schemas import Schemas
from gitops.spec import FluxVersion, Role
from portal.demo import fleet, platform

KUBERNETES = "1.32"
CLONE_URL = platform.FORGE_URL + "{repository}.git"


@cache
def whole_platform() -> dict[str, str]:
    """The platform repository when the demo is seeded: its own files, and those of the tenants."""
    specs = [spec for tenant in fleet.TENANTS for spec in tenant.specs(CLONE_URL)]
    rendered = render(specs).of_role(Role.PLATFORM)
    return platform.files() | {path: file.text for path, file in rendered.items()}


def objects(files: Mapping[str, str]) -> dict[str, list[Any]]:
    """The objects of every YAML file, read strictly."""
    return {path: load_all(text) for path, text in files.items() if path.endswith(".yaml")}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def as_flux(repository: Path, path: str) -> Path:
    """`path` with the kustomization file that kustomize-controller makes where there is none.

    As fluxcd/pkg's generator does: a directory with a kustomization file is one resource, and
    what is below it is not looked at; else every YAML file is.
    """
    folder = repository / path
    if not (folder / FILE_NAME).exists():
        found = sorted(_resources(folder, folder))
        assert found, f"{path} would prune everything"
        (folder / FILE_NAME).write_text(dump([kustomization_file(found)]), encoding="utf-8")
    return folder


def _resources(folder: Path, top: Path) -> Iterable[str]:
    for entry in folder.iterdir():
        if entry.is_dir() and (entry / FILE_NAME).exists():
            yield entry.relative_to(top).as_posix()
        elif entry.is_dir():
            yield from _resources(entry, top)
        elif entry.suffix == ".yaml":
            yield entry.relative_to(top).as_posix()


def builder(need: Callable[[str], str]) -> Callable[[Path], list[Any]]:
    """kustomize as a function; the variable KUSTOMIZE names another one than that on PATH."""
    given = os.environ.get("KUSTOMIZE", "").split()
    words = [*given, "build"] if given and shutil.which(given[0]) else need("kustomize").split()

    def build(folder: Path) -> list[Any]:
        done = subprocess.run([*words, str(folder)], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return [item for item in yaml.safe_load_all(done.stdout) if item]

    return build


@cache
def schemas(folder: str) -> Schemas:
    return Schemas.load(Path(folder))


def misfits(items: Iterable[Any], flux: FluxVersion, crds: Schemas) -> list[tuple[str, str]]:
    """What is wrong with the objects: by CRDs where there is one, else by Kubernetes' schemas."""
    found = []
    for item in items:
        name = f"{item['kind']} {item['metadata'].get('name')}"
        known = crds.knows(item, flux=flux)
        errors = crds.check(item, flux=flux) if known else kubernetes_errors(item)
        found += [(name, error) for error in errors]
    return found


def kubernetes_errors(item: Any) -> tuple[str, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package uses parts of setuptools that will go
        import kubernetes_validate
    try:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return (str(error),)
    return ()


def is_kustomization_file(item: Any) -> bool:
    return str(item["apiVersion"]).startswith("kustomize.config.k8s.io/")
