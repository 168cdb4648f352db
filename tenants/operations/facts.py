"""What every request says beside its spec: the purpose, who pays, a ticket elsewhere. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from gitops import texts
from gitops.errors import InvalidSpec, Problem
from gitops.names import Broken, broken
from tenants.operations import parsing
from tenants.operations.fields import fields_of, text_field

COST_CENTRE_MAX = texts.COST_CENTRE_MAX
SYSTEM_MAX = 60
EXTERNAL_ID_MAX = 200
URL_MAX = 500


def _ticket_text(value: str) -> tuple[Broken, ...]:
    return texts.user_text(value, longest=EXTERNAL_ID_MAX, what="ticket's name")


def _web_address(value: str) -> tuple[Broken, ...]:
    """An address that can be a link on a page: http or https, no password, nothing invisible."""
    if not value.isascii() or not value.isprintable() or any(c in value for c in " \"'<>\\^`{|}"):
        return _not_web()
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port  # raises for a port that is none
    except ValueError:
        return _not_web()
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return _not_web()
    return ()


def _not_web() -> tuple[Broken, ...]:
    return broken("bad-url", "Write the address like https://tickets.example.com/RITM0010023")


@dataclass(frozen=True, kw_only=True)
class External:
    """A ticket in another system. (system, id) names it; `url` may be empty."""

    system: Annotated[
        str,
        text_field(title="Ticket system", rule=_ticket_text, max_length=SYSTEM_MAX),
    ]
    id: Annotated[
        str,
        text_field(title="Ticket number", rule=_ticket_text, max_length=EXTERNAL_ID_MAX),
    ]
    url: Annotated[
        str, text_field(title="Ticket's address", rule=_web_address, max_length=URL_MAX)
    ] = ""


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """What a request says beside its spec. Purpose and cost centre travel into manifests."""

    purpose: str = ""
    cost_centre: str = ""
    external: External | None = None


@dataclass(frozen=True, kw_only=True)
class _Words:
    """The part of the facts a person types."""

    purpose: Annotated[
        str,
        text_field(
            title="Purpose",
            help="What this is for, in one line. Whoever approves reads it, and it stays with the "
            "result.",
            rule=texts.purpose,
            max_length=texts.PURPOSE_MAX,
            example="Payments API for the pilot",
        ),
    ]
    cost_centre: Annotated[
        str,
        text_field(
            title="Cost centre",
            help="Who pays, if your organisation keeps such numbers.",
            rule=texts.cost_centre,
            max_length=COST_CENTRE_MAX,
            example="CC-1042",
        ),
    ] = ""


REQUEST_FIELDS = PURPOSE, COST_CENTRE = fields_of(_Words)
"""Purpose and cost centre, described like the fields of a payload."""
EXTERNAL_FIELDS = fields_of(External)


NO_FACTS = RequestFacts()


def read_request_facts(
    *, purpose: object = "", cost_centre: object = "", external: object = None
) -> tuple[RequestFacts, tuple[Problem, ...]]:
    """The facts as far as they could be read, and what is wrong with them. Never raises.

    Pointers are /purpose, /cost_centre and /external/…
    """
    raw = {"purpose": purpose, "cost_centre": cost_centre}
    values, problems = parsing.read_fields(REQUEST_FIELDS, raw, pointer="")
    ticket, more = _read_external(external)
    facts = RequestFacts(
        purpose=values.get("purpose", ""),
        cost_centre=values.get("cost_centre", ""),
        external=ticket,
    )
    return facts, (*problems, *more)


def _read_external(raw: object) -> tuple[External | None, tuple[Problem, ...]]:
    if raw is None or (isinstance(raw, Mapping) and not raw):
        return None, ()
    values, problems = parsing.read_fields(EXTERNAL_FIELDS, raw, pointer="/external")
    return (None if problems else External(**values)), problems


def parse_request_facts(
    *, purpose: object = "", cost_centre: object = "", external: object = None
) -> RequestFacts:
    """The facts, strictly. Raises InvalidSpec with every problem."""
    facts, problems = read_request_facts(
        purpose=purpose, cost_centre=cost_centre, external=external
    )
    if problems:
        raise InvalidSpec(problems)
    return facts
