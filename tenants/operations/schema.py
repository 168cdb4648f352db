"""An operation's payload as JSON Schema (2020-12), and back from payloads to JSON. Pure."""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from datetime import date
from typing import Any

from tenants.operations.base import Operation
from tenants.operations.fields import Choice, Field, Kind, Source

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Choices = Mapping[Source, tuple[Choice, ...]]


def json_schema(operation: Operation[Any], choices: Choices | None = None) -> dict[str, Any]:
    """The schema of the operation's `spec`.

    `choices` (`operation.offers(before)`) adds what this caller may choose from; without it any
    name fits. Whatever is accepted fits the schema; the rules about the world are not in it.
    """
    return {
        "$schema": DIALECT,
        "title": operation.title,
        "description": operation.description,
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in operation.fields if field.required],
        "properties": {field.name: _property(field, choices or {}) for field in operation.fields},
    }


def _property(field: Field, choices: Choices) -> dict[str, Any]:
    made: dict[str, Any] = {"title": field.title, "description": field.help}
    if field.is_list:
        made |= _list(field, choices)
    elif field.kind is Kind.BOOLEAN:
        made |= {"type": "boolean"}
    else:
        made |= _text(field, choices)
    if not field.required:
        made |= _optional(made, field)
    if field.example:
        made["examples"] = [[field.example] if field.is_list else field.example]
    return made


def _text(field: Field, choices: Choices) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    allowed = choices.get(field.source) if field.source else field.choices or None
    if allowed is not None:
        return made | {"enum": [choice.value for choice in allowed]}
    if field.kind is Kind.DATE:
        return made | {"format": "date"}
    if field.required and not field.is_list:
        made["minLength"] = 1
    made["maxLength"] = field.max_length
    return made | ({"pattern": field.pattern} if field.pattern else {})


def _list(field: Field, choices: Choices) -> dict[str, Any]:
    return {
        "type": "array",
        "items": _text(field, choices) | ({} if field.source else {"minLength": 1}),
        "minItems": 1 if field.required else 0,
        "maxItems": field.max_items,
        "uniqueItems": True,
    }


def _optional(made: dict[str, Any], field: Field) -> dict[str, Any]:
    """null means the same as leaving the field out."""
    extra: dict[str, Any] = {"type": [made["type"], "null"]}
    if "enum" in made:
        extra["enum"] = [*made["enum"], None]
    return extra | ({} if field.default is None else {"default": field.json_default})


def as_json(payload: Any) -> dict[str, Any]:
    """A payload as the JSON that reads back as the same payload."""
    return {item.name: _value(getattr(payload, item.name)) for item in dataclass_fields(payload)}


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
