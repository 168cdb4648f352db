"""Objects to YAML text: one writer for everything the portal puts into a repository. Pure.

The same objects give the same bytes: keys in alphabetical order, lists not indented, no line
wrapped, LF, a final newline. This is how the Flux CLI writes, so its output and ours can be
compared byte by byte. Strings are quoted as `manifests.scalars` says. Anchors, aliases, tags and
flow style never appear; an object that occurs twice is written twice.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitops.manifests.scalars import block, scalar

SEPARATOR = "---\n"
_KEY_MAX = 128  # readers need not accept a longer one


def dump(objects: Iterable[Mapping[str, object]], *, leading: bool = False) -> str:
    """One YAML document per object, separated by "---".

    `leading` puts a "---" before the first one too, as `flux create … --export` does. Raises
    TypeError for what YAML of Kubernetes has no word for, ValueError for text no file can hold.
    """
    texts = [text(item) for item in objects]
    return (SEPARATOR if leading and texts else "") + SEPARATOR.join(texts)


def text(value: object) -> str:
    """One value as YAML, without "---". Raises as `dump`."""
    if isinstance(value, Mapping) and value:
        return "\n".join(_mapping(value, "")) + "\n"
    if isinstance(value, list | tuple) and value:
        return "\n".join(_sequence(value, "")) + "\n"
    return _inline(value) + "\n"


def _mapping(value: Mapping[object, object], indent: str) -> Iterator[str]:
    """Lines of a mapping that has keys; each begins with `indent`."""
    for key in sorted(value, key=_key):
        yield from _entry(f"{indent}{scalar(_key(key))}:", value[key], indent)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key of a manifest is a string, not {key!r}")
    if len(key) > _KEY_MAX:
        raise ValueError(f"a key of a manifest has at most {_KEY_MAX} characters")
    return key


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent + "  ")
    elif isinstance(value, list | tuple) and value:
        yield head
        yield from _sequence(value, indent)
    else:
        yield from _leaf(head, value, indent)


def _sequence(value: list[object] | tuple[object, ...], indent: str) -> Iterator[str]:
    """Lines of a list that has items. An item's first line stands right after its "- "."""
    for item in value:
        if isinstance(item, Mapping) and item:
            lines = list(_mapping(item, indent + "  "))
        elif isinstance(item, list | tuple) and item:
            lines = list(_sequence(item, indent + "  "))
        else:
            yield from _leaf(f"{indent}-", item, indent)
            continue
        yield f"{indent}- {lines[0].removeprefix(indent + '  ')}"
        yield from lines[1:]


def _leaf(head: str, value: object, indent: str) -> Iterator[str]:
    literal = block(value) if isinstance(value, str) and "\n" in value else None
    if literal is None:
        yield f"{head} {_inline(value)}"
        return
    header, lines = literal
    yield f"{head} {header}"
    for line in lines:
        yield f"{indent}  {line}" if line else ""


def _inline(value: object) -> str:
    if isinstance(value, str):
        return scalar(str(value))  # a StrEnum's word, too
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    raise TypeError(f"{type(value).__name__} cannot be written into a manifest")
