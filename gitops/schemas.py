"""Strict checks against the CRDs of a real cluster or of a product's release.

A folder holds CRDs as YAML, one or many to a file (`kubectl get crd -o yaml` will do). A part of a
path like `flux/2.7.5/` says that the CRDs below are those of that Flux, and they answer for
clusters that run this minor; all others answer for every cluster.

Strict means: an unknown field, a missing required one, a wrong type, and a version the CRD does not
serve are all errors. CEL rules inside CRDs are not run. Kubernetes' own kinds have no CRD and are
not checked here.

Only the files that mention a kind are parsed, and once: a whole product's CRDs take seconds.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator

from gitops.errors import GatehouseError
from gitops.spec import FluxVersion

_FLUX = re.compile(r"(?:^|/)flux/(?P<minor>\d+\.\d+)\.\d+(?:/|$)")
# As text first, in any style of YAML or JSON: parsing what cannot matter would take seconds.
_GROUP = re.compile(r"""\bgroup["']?\s*:\s*["']?([A-Za-z0-9.-]+)""")
_OBJECT_META = {"type": "object"}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SchemasUnavailable(GatehouseError):
    """The folder holds no CRDs."""


class Schemas:
    """CRDs by (Flux minor or "", group, kind). Files are read when first asked for."""

    def __init__(self, files: Mapping[Path, str]) -> None:
        self._files = files
        self._texts: dict[Path, str] = {}
        self._parsed: dict[Path, list[Any]] = {}
        self._found: dict[tuple[str, str, str], Any] = {}
        self._checked: dict[Any, Any] = {}

    @classmethod
    def load(cls, folder: Path) -> "Schemas":
        """Raises SchemasUnavailable when there is no YAML file in `folder`."""
        files = {path: _minor_of(path, folder) for path in sorted(folder.rglob("*.y*ml"))}
        if not files:
            raise SchemasUnavailable(f"There are no CRDs in {folder}.")
        return cls(files)

    @property
    def flux_versions(self) -> frozenset[str]:
        """The Flux minors with CRDs of their own."""
        return frozenset(minor for minor in self._files.values() if minor)

    def knows(self, manifest: Mapping[str, Any], *, flux: FluxVersion) -> bool:
        """Whether there is a CRD for the object's group and kind."""
        return self._crd(manifest, flux) is not None

    def check(self, manifest: Mapping[str, Any], *, flux: FluxVersion) -> tuple[str, ...]:
        """What is wrong with an object, as sentences; () when nothing is, or no CRD knows it.

        An object of a group that CRDs exist for, but of a kind they do not have, is wrong.
        """
        crd = self._crd(manifest, flux)
        kind, api_version = manifest.get("kind", ""), str(manifest.get("apiVersion", ""))
        if crd is None:
            known = _group(api_version) in self._groups
            return (f"{api_version} has no kind {kind}",) if known else ()
        version = api_version.rpartition("/")[2]
        served = {v["name"]: v for v in crd["spec"]["versions"] if v.get("served")}
        if version not in served:
            return (f"{kind} is not served as {api_version}, only as {', '.join(served)}",)
        schema = served[version]["schema"]["openAPIV3Schema"]
        return tuple(self._errors((id(crd), version), schema, manifest))

    def _crd(self, manifest: Mapping[str, Any], flux: FluxVersion) -> Any:
        group, kind = _group(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", ""))
        return self._find(flux.value, group, kind) or self._find("", group, kind)

    def _find(self, minor: str, group: str, kind: str) -> Any:
        key = (minor, group, kind)
        if key not in self._found:
            wanted = (crd for path in self._mentioning(minor, kind) for crd in self._crds(path))
            self._found[key] = next(
                (
                    crd
                    for crd in wanted
                    if (crd["spec"]["group"], crd["spec"]["names"]["kind"]) == (group, kind)
                ),
                None,
            )
        return self._found[key]

    def _mentioning(self, minor: str, kind: str) -> Iterator[Path]:
        mark = re.compile(rf"""\bkind["']?\s*:\s*["']?{re.escape(kind)}\b""")
        return (
            path
            for path, own in self._files.items()
            if own == minor and mark.search(self._text(path))
        )

    def _text(self, path: Path) -> str:
        if path not in self._texts:
            self._texts[path] = path.read_text(encoding="utf-8")
        return self._texts[path]

    def _crds(self, path: Path) -> list[Any]:
        if path not in self._parsed:
            self._parsed[path] = list(_crds(self._text(path)))
        return self._parsed[path]

    @cached_property
    def _groups(self) -> frozenset[str]:
        """Every API group some CRD belongs to."""
        return frozenset(
            found for path in self._files for found in _GROUP.findall(self._text(path))
        )

    def _errors(self, key: Any, schema: Any, manifest: Mapping[str, Any]) -> Iterator[str]:
        if key not in self._checked:
            self._checked[key] = _validator(strict(schema))
        for error in self._checked[key].iter_errors(manifest):
            where = ".".join(str(part) for part in error.absolute_path) or "object"
            yield f"{where}: {error.message}"


def _minor_of(path: Path, folder: Path) -> str:
    found = _FLUX.search(path.relative_to(folder).as_posix())
    return found["minor"] if found else ""


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _crds(text: str) -> Iterator[Any]:
    for document in yaml.load_all(text, Loader=_Loader):
        inner = document.get("items", [document]) if isinstance(document, dict) else []
        yield from (d for d in inner if d and d.get("kind") == "CustomResourceDefinition")


def _validator(schema: Any) -> Any:
    # Draft 4 is what OpenAPI 3.0 schemas are closest to: exclusiveMinimum is a flag there.
    return Draft4Validator(schema)


def strict(schema: Any, *, top: bool = True) -> Any:
    """An OpenAPI v3 schema of a CRD as a JSON schema that refuses unknown fields."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {key: schema[key] for key in ("pattern", "enum") if key in schema} | {
            "type": ["integer", "string"]
        }
    closed = {key: _inner(key, value) for key, value in schema.items()}
    if top:
        closed["properties"] = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            **closed.get("properties", {}),
            "metadata": _OBJECT_META,
        }
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
    if "properties" in closed and not open_ended and "additionalProperties" not in closed:
        closed["additionalProperties"] = False
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        closed["type"] = [schema["type"], "null"]
    return closed


def _inner(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: strict(inner, top=False) for name, inner in value.items()}
    if key in {"items", "additionalProperties"}:
        return strict(value, top=False)
    return value
