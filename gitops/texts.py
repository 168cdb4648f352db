"""Rules for text people type freely and that ends up in manifests, and for dates. Pure.

Text like this is only ever a value inside a manifest, quoted by our dumper; these rules keep out
what would be invisible to the person who reviews it, or would mean something to Flux.
"""

import datetime
import re
import unicodedata

from gitops.names import Verdict, broken

PURPOSE_MAX = 500  # characters
COST_CENTRE_MAX = 60
GROUP_MAX = 256

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Controls, surrogates, line and paragraph separators, private use, unassigned.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp", "Co", "Cn"})
# Format characters (bidirectional controls, byte order mark, soft hyphen…) are refused too, but for
# the two joiners that several scripts cannot be written without.
_JOINERS = frozenset({"\u200c", "\u200d"})


def user_text(value: str, *, longest: int = PURPOSE_MAX, what: str = "text") -> Verdict:
    """One line of visible text without `${`, which Flux would replace. Empty is fine."""
    if len(value) > longest:
        detail = f"The {what} has {len(value)} characters; at most {longest} are possible."
        return broken("too-long", detail)
    bad = next((char for char in value if _is_refused(char)), None)
    if bad is not None:
        return broken(
            "control-character",
            f"The {what} contains the invisible character U+{ord(bad):04X}; "
            "write it on one line with visible characters.",
        )
    if "${" in value:
        return broken("substitution", f"The {what} contains ${{, which Flux would replace.")
    if value != value.strip():
        return broken("outer-space", f"The {what} begins or ends with a space.")
    return ()


def _is_refused(char: str) -> bool:
    category = unicodedata.category(char)
    return category in _REFUSED or (category == "Cf" and char not in _JOINERS)


def purpose(value: str) -> Verdict:
    """What a namespace is for, in the requester's words."""
    return user_text(value, longest=PURPOSE_MAX, what="purpose")


def cost_centre(value: str) -> Verdict:
    """Who pays."""
    return user_text(value, longest=COST_CENTRE_MAX, what="cost centre")


def group_name(value: str) -> Verdict:
    """A group of the identity provider, as the cluster's API server sees it."""
    if not value:
        return broken("required", "The group's name is missing.")
    found = user_text(value, longest=GROUP_MAX, what="group's name")
    if found:
        return found
    if value.casefold().startswith("system:"):
        return broken("reserved-name", "Groups that begin with system: are Kubernetes' own.")
    return ()


def iso_date(value: str) -> Verdict:
    """A day of the calendar, YYYY-MM-DD. Whether it lies ahead is for somebody with a clock."""
    try:
        if _DATE.fullmatch(value) and datetime.date.fromisoformat(value):
            return ()
    except ValueError:
        pass
    return broken("not-a-date", "Write the date like 2027-06-30.")
