"""Kubernetes quantities in words: `4Gi` of memory is “4 GiB memory”. Pure."""

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"([0-9.]+)([A-Za-z]*)")
_UNITS = {"Ki": "KiB", "Mi": "MiB", "Gi": "GiB", "Ti": "TiB", "k": "kB", "M": "MB", "G": "GB"}
_WORDS = (  # resource of a quota, unit word, what it is
    ("requests.cpu", "CPU"),
    ("requests.memory", "memory"),
    ("requests.storage", "storage"),
    ("pods", "pods"),
)


def quota_words(quota: Mapping[str, str]) -> tuple[str, ...]:
    """What a person chooses a size by; the limits that follow from it are left out."""
    return tuple(
        f"{quantity_words(str(quota[resource]))} {word}"
        for resource, word in _WORDS
        if resource in quota
    )


def quantity_words(quantity: str) -> str:
    """`500m` stays half of something, `16Gi` gets a space and the unit people know."""
    match = _NUMBER.fullmatch(quantity)
    if match is None:
        return quantity
    number, unit = match.groups()
    if unit == "m":
        return f"{float(number) / 1000:g}"
    return f"{number} {_UNITS.get(unit, unit)}".strip()
