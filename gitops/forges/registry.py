"""The forges there are. A new one is one module beside this one and one line in `FORGES`."""

from gitops.forges.base import Capabilities, ConnectionSettings, Forge
from gitops.forges.local.adapter import LocalForge

FORGES: dict[str, type[Forge]] = {
    "local": LocalForge,
}


def connect(settings: ConnectionSettings) -> Forge:
    """The adapter for one connection; no network yet. Raises ValueError for an unknown forge."""
    return forge_class(settings.forge).connect(settings)


def capabilities() -> dict[str, Capabilities]:
    """One row per forge: what it can hold and show. The table in the docs is made from this."""
    return {name: forge.capabilities for name, forge in FORGES.items()}


def forge_class(name: str) -> type[Forge]:
    """The adapter's class, for what needs no connection, such as verifying a webhook."""
    if name not in FORGES:
        raise ValueError(f"{name!r} is not one of the forges {', '.join(sorted(FORGES))}.")
    return FORGES[name]
