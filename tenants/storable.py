"""What somebody typed, as every database can keep it: a draft loses nothing it can show again."""

import math
from collections.abc import Mapping

_DEEPEST = 20
_LONGEST = 20_000


def storable(value: object, depth: int = 0) -> object:
    """`value` as JSON that PostgreSQL and SQLite both take: no NUL, lone surrogate, NaN or depth.

    Only what no browser or JSON document can legitimately hold is changed; judging the rest is
    the operation's business.
    """
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        return clean[:_LONGEST]
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(storable(str(k))): storable(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item, depth + 1) for item in value]
    return str(storable(str(value)))
