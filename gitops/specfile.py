"""Specs as YAML: what golden cases and offline rendering begin with. Pure.

One document per spec, with `spec: tenant-on-cluster` or `spec: tenant-repository` and the fields of
`gitops.spec` beside it. Quotas are mappings here. An unknown field is an error.
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from gitops.errors import InvalidSpec, Problem
from gitops.manifests.read import UnreadableManifest, load_all
from gitops.spec import (
    FluxVersion,
    Life,
    NamespaceSpec,
    NetworkProfile,
    PodSecurity,
    SizeClassSpec,
    Spec,
    SyncSpec,
    TenantOnCluster,
    TenantRepository,
)

_Read = Callable[[Any, str], Any]


def load_specs(text: str) -> tuple[Spec, ...]:
    """The specs in `text`. Raises InvalidSpec; pointers begin with the document's position."""
    try:
        documents = load_all(text)
    except UnreadableManifest as error:
        raise _invalid("", "unreadable", str(error)) from error
    return tuple(_spec(value, f"/{index}") for index, value in enumerate(documents))


def _spec(value: Any, at: str) -> Spec:
    kind = value.get("spec") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _invalid(f"{at}/spec", "unknown-spec", f"Write one of: {', '.join(_KINDS)}.")
    fields = {key: inner for key, inner in value.items() if key != "spec"}
    found: Spec = _KINDS[kind](fields, at)
    return found


def _invalid(at: str, code: str, detail: str) -> InvalidSpec:
    return InvalidSpec([Problem(pointer=at, code=code, detail=detail)])


def _object(cls: type[Any], readers: Mapping[str, _Read]) -> _Read:
    """Reads a mapping into the dataclass `cls`; fields without a reader are text."""
    known = {field.name: field for field in dataclasses.fields(cls)}
    needed = {n for n, f in known.items() if f.default is dataclasses.MISSING}

    def read(value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            raise _invalid(at, "not-a-mapping", "Write this as fields with values.")
        for name in value.keys() - known.keys():
            raise _invalid(f"{at}/{name}", "unknown-field", f"There is no field {name}.")
        for name in needed - value.keys():
            raise _invalid(f"{at}/{name}", "required", f"{name} is missing.")
        read_one: dict[str, _Read] = {name: readers.get(name, _text) for name in value}
        return cls(**{name: read_one[name](value[name], f"{at}/{name}") for name in value})

    return read


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise _invalid(at, "not-text", f"Write {value!r} in quotes.")
    return value


def _word(words: type[StrEnum]) -> _Read:
    def read(value: Any, at: str) -> StrEnum:
        try:
            return words(value)
        except ValueError as error:
            detail = f"Write one of: {', '.join(words)}."
            raise _invalid(at, "unknown-word", detail) from error

    return read


def _list(inner: _Read) -> _Read:
    def read(value: Any, at: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _invalid(at, "not-a-list", "Write this as a list.")
        return tuple(inner(item, f"{at}/{index}") for index, item in enumerate(value))

    return read


def _pairs(value: Any, at: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise _invalid(at, "not-a-mapping", "Write this as resources with amounts.")
    return tuple((key, _text(amount, f"{at}/{key}")) for key, amount in value.items())


_SIZE = _object(SizeClassSpec, {"quota": _pairs, "limits": _pairs, "requests": _pairs})
_NAMESPACE = _object(
    NamespaceSpec,
    {
        "size": _SIZE,
        "network": _word(NetworkProfile),
        "pod_security": _word(PodSecurity),
        "life": _word(Life),
    },
)
_KINDS: dict[str, _Read] = {
    "tenant-on-cluster": _object(
        TenantOnCluster,
        {
            "flux": _word(FluxVersion),
            "namespaces": _list(_NAMESPACE),
            "access_groups": _list(_text),
            "sync": _object(SyncSpec, {}),
            "life": _word(Life),
        },
    ),
    "tenant-repository": _object(TenantRepository, {"clusters": _list(_text), "life": _word(Life)}),
}
