"""What a browser sent, as the raw values of a request: kept as typed, judged elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from tenants.operations.base import Operation
from tenants.operations.fields import Field, Kind

PREFIX = "spec-"
"""Fields of the payload carry it, so that they never meet those of the request itself."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Everything a form holds, before anybody judged it."""

    tenant: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""
    cost_centre: str = ""


def read_form(operation: Operation[Any], posted: QueryDict, *, tenant: str = "") -> Wish:
    """The form as it was sent, without the spaces around a line, which nobody can see."""
    payload = {f.name: _value(f, posted) for f in operation.fields}
    return Wish(
        tenant=tenant,
        payload={name: value for name, value in payload.items() if value not in ("", [])},
        purpose=posted.get("purpose", "").strip(),
        cost_centre=posted.get("cost_centre", "").strip(),
    )


def _value(described: Field, posted: QueryDict) -> Any:
    name = PREFIX + described.name
    if described.kind is Kind.BOOLEAN:
        return name in posted
    if described.kind is Kind.CHOICES:
        return posted.getlist(name)
    text = posted.get(name, "")
    if described.kind is Kind.NAMES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.strip()
