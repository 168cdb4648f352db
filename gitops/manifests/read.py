"""YAML text to objects, strictly, with the line each value stands on. Pure.

Stricter than Flux: duplicate keys (of which one would win silently), aliases and tags are refused,
and dates stay strings, as they do in Kubernetes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gitops.errors import GatehouseError

Path = tuple[str | int, ...]


class UnreadableManifest(GatehouseError):
    """The text is not YAML as manifests have it. `line` counts from 1."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # libyaml's loader when there is one
    """SafeLoader whose timestamps are strings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Base.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document of a file: its value, and the line (from 1) of each key path in it."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int | None:
        """The line of `path`, or of the nearest thing above it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def load_all(text: str) -> list[Any]:
    """The values of all documents that hold something. Raises UnreadableManifest."""
    return [document.value for document in read(text)]


def read(text: str) -> list[Document]:
    """All documents that hold something. Raises UnreadableManifest."""
    try:
        _refuse_aliases(text)
        return list(_documents(_Loader(text)))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise UnreadableManifest(error.problem or "not YAML", line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableManifest("not YAML", None) from error


def _documents(loader: Any) -> Iterator[Document]:
    try:
        while loader.check_node():
            node = loader.get_node()
            lines: dict[Path, int] = {}
            _visit(node, (), lines)
            value = loader.construct_document(node)
            if value is not None:
                yield Document(value=value, lines=lines)
    finally:
        loader.dispose()


def _visit(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    lines.setdefault(path, _line(node) or 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = _key(key)
            if (*path, name) in lines:
                raise UnreadableManifest(f"{name!r} is there twice", _line(key))
            lines[(*path, name)] = _line(key) or 1
            _visit(value, (*path, name), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _visit(item, (*path, index), lines)


def _key(node: yaml.Node) -> str:
    """A key that is a string to everybody; `on:` or `1:` is not, and neither is `<<:`."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        raise UnreadableManifest("a key has to be a string", _line(node))
    return str(node.value)


def _line(marked: yaml.Node | yaml.Event) -> int | None:
    return marked.start_mark.line + 1 if marked.start_mark else None


def _refuse_aliases(text: str) -> None:
    """Aliases could make a small file huge, and a reviewer misses what they repeat."""
    if "&" not in text and "*" not in text and "!" not in text:
        return
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnreadableManifest("anchors and aliases are not allowed", _line(event))
        if getattr(event, "tag", None):
            raise UnreadableManifest("tags are not allowed", _line(event))
