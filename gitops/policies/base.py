"""What policy packs share: their input, their answer, and safe looks into manifests. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gitops.layout import Place, place_of
from gitops.manifests.read import Document, Path, UnreadableManifest, read
from gitops.spec import Role

ALLOWED_ROLES = frozenset({"admin", "edit", "view"})


class Severity(StrEnum):
    ERROR = "error"  # nobody may submit this
    WARNING = "warning"  # the approver has to know


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a rule has against a file, where, and the smallest thing that would put it right."""

    pack: str
    rule: str
    severity: Severity
    path: str
    line: int | None  # from 1; None when the file as a whole is meant
    message: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """Whose files are judged. `namespaces` are all of the tenant's, on whatever cluster."""

    role: Role
    tenant: str
    namespaces: frozenset[str]
    foreign: tuple[str, ...] = ()  # from the plan: other people's files inside our directories
    draining: frozenset[str] = frozenset()  # namespaces on their way out
    cluster_roles: frozenset[str] = ALLOWED_ROLES
    insecure_hosts: frozenset[str] = frozenset()  # see `gitops.addresses.git_url`


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One object of one file. `value` is whatever the file holds; look into it with `get`."""

    path: str
    document: Document
    place: Place | None = None

    @property
    def value(self) -> Any:
        return self.document.value

    def get(self, *path: str | int) -> Any:
        """What is at `path`, None when there is no such thing."""
        return dig(self.value, *path)

    @property
    def api_version(self) -> str:
        return word(self.get("apiVersion"))

    @property
    def group(self) -> str:
        """The API group; "" for Kubernetes' core."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return word(self.get("kind"))

    @property
    def name(self) -> str:
        return word(self.get("metadata", "name"))

    @property
    def namespace(self) -> str:
        return word(self.get("metadata", "namespace"))

    @property
    def is_flux(self) -> bool:
        return self.group.endswith(".toolkit.fluxcd.io")

    def is_a(self, kind: str, group: str = "") -> bool:
        return self.kind == kind and self.group == group


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A verdict without its pack, rule and severity, which the table of rules adds."""

    path: str
    message: str
    fix: str
    line: int | None = None


def finding(manifest: Manifest, at: Path, message: str, fix: str) -> Finding:
    """Something wrong at one place of an object."""
    line = manifest.document.line(*at)
    return Finding(path=manifest.path, line=line, message=message, fix=fix)


@dataclass(frozen=True, kw_only=True)
class Tree:
    """All manifests of one role, and the files that could not be read."""

    manifests: tuple[Manifest, ...]
    unreadable: tuple[Finding, ...] = ()
    paths: tuple[str, ...] = field(default=())


def tree_of(files: Mapping[str, str]) -> Tree:
    """Reads every YAML file of `files` (path to text)."""
    manifests: list[Manifest] = []
    unreadable: list[Finding] = []
    for path in sorted(files):
        if not path.endswith((".yaml", ".yml")):
            continue
        try:
            documents = read(files[path])
        except UnreadableManifest as error:
            fix = "Write it as plain YAML, each key once."
            unreadable.append(
                Finding(path=path, line=error.line, message=f"Not readable: {error}.", fix=fix)
            )
            continue
        place = place_of(path)
        manifests += (Manifest(path=path, document=d, place=place) for d in documents)
    return Tree(manifests=tuple(manifests), unreadable=tuple(unreadable), paths=tuple(files))


def dig(value: Any, *path: str | int) -> Any:
    """What is at `path` in nested mappings and lists, None when there is no such thing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


def items(value: Any) -> list[Any]:
    """`value` when it is a list, else nothing."""
    return value if isinstance(value, list) else []


def mapping(value: Any) -> dict[Any, Any]:
    """`value` when it is a mapping, else nothing."""
    return value if isinstance(value, dict) else {}


def word(value: Any) -> str:
    """`value` when it is a string, else ""."""
    return value if isinstance(value, str) else ""


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside `value`, itself included, with the way to it."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))
