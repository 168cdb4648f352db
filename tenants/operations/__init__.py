"""The kinds of change a person can ask for. One module each, listed here. Pure."""

from collections.abc import Mapping
from typing import Any

from tenants.operations import add_namespace, onboard_tenant
from tenants.operations.base import Operation

OPERATIONS: Mapping[str, Operation[Any]] = {
    operation.name: operation for operation in (onboard_tenant.OPERATION, add_namespace.OPERATION)
}
