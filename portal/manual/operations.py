"""What a person can ask for, field by field, as a page. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.manual.markdown import code, codes, page, table
from tenants.operations import OPERATIONS
from tenants.operations.base import Asker, Operation
from tenants.operations.facts import EXTERNAL_FIELDS, REQUEST_FIELDS
from tenants.operations.fields import Field, Kind

_ASKERS: Mapping[Asker, str] = {
    Asker.ANYONE: "anybody who is signed in",
    Asker.TENANT_OWNER_OR_MEMBER: "owners and members of the tenant, and platform admins",
    Asker.ADMIN: "platform admins",
}
_HEAD = ("field", "needed", "what it is", "help")


def operations_page() -> str:
    """`docs/reference/operations.md`."""
    return page(
        "# Operations",
        "An operation is a kind of change a person can ask for. The browser form and"
        " `manage.py render` are made from the same descriptions. What is wrong with a request"
        " is named by its place (`/spec/name`) and a stable code, all problems at once.",
        *(part for operation in OPERATIONS.values() for part in _operation(operation)),
        "## Beside every request",
        "These stand beside `spec`. Purpose and cost centre travel into the Namespace.",
        table(_HEAD, _rows(REQUEST_FIELDS)),
        "`external` names a ticket elsewhere. It may be left out, and the browser form does not"
        " ask for it.",
        table(_HEAD, _rows(EXTERNAL_FIELDS, prefix="external.")),
        source="`tenants/operations/`",
    )


def _operation(operation: Operation[Any]) -> Iterable[str]:
    yield f"## {operation.title}: {code(operation.name)}"
    about = "an existing tenant" if operation.needs_tenant else "a tenant that does not exist yet"
    yield operation.description
    yield (
        f"Who may ask: {_ASKERS[operation.asks]}. It is about {about}. Approval rules see its"
        f" change class {code(operation.change_class)}."
    )
    yield table(_HEAD, _rows(operation.fields, prefix="spec."))


def _rows(fields: Iterable[Field], prefix: str = "") -> Iterable[tuple[str, ...]]:
    for field in fields:
        yield code(prefix + field.name), "yes" if field.required else "", _kind(field), field.help


def _kind(field: Field) -> str:
    words = [_shape(field)]
    if field.max_items:
        words.append(f"at most {field.max_items}")
    if field.kind in {Kind.NAME, Kind.TEXT, Kind.NAMES}:
        words.append(f"up to {field.max_length} characters")
    if field.json_default:
        words.append(f"else {code(field.json_default)}")
    if field.example:
        words.append(f"like {code(field.example)}")
    return "; ".join(words)


def _shape(field: Field) -> str:
    rows = (
        field.source.value.replace("_", " ")
        if field.source
        else codes(choice.value for choice in field.choices)
    )
    return {
        Kind.NAME: "one word",
        Kind.TEXT: "one line of text",
        Kind.CHOICE: f"one of the {rows}" if field.source else f"one of {rows}",
        Kind.CHOICES: f"a list of {rows}",
        Kind.NAMES: "a list of words",
        Kind.DATE: "a day (`YYYY-MM-DD`) or null",
        Kind.BOOLEAN: "true or false",
    }[field.kind]
