"""What each forge can do, as a page."""

from collections.abc import Callable, Mapping

from gitops.forges.base import Capabilities
from gitops.forges.registry import capabilities
from portal.manual.markdown import code, page, table

_ASPECTS: Mapping[str, Callable[[Capabilities], str]] = {
    "name": lambda able: able.title,
    "text of a pull request": lambda able: f"{able.body_limit:,} characters",
    "title of a pull request": lambda able: f"{able.title_limit:,} characters",
    "labels": lambda able: _word(able.labels),
    "draft pull requests": lambda able: _word(able.draft),
    "webhooks are signed": lambda able: _word(able.signed_webhooks),
    "a repeated webhook has the same id": lambda able: _word(able.delivery_ids),
    "may be at a loopback address": lambda able: _word(able.loopback),
}


def forges_page() -> str:
    """`docs/reference/forges.md`."""
    forges = capabilities()
    return page(
        "# Forges",
        "A forge keeps repositories and pull requests. The portal speaks to it through the"
        " protocol `Forge` in `gitops/forges/base.py`; there is no call that merges, since a"
        " person merges, on the forge. Every adapter passes the contract suite"
        " `tests/gitops/forges/contract.py`.",
        table(
            ("", *(code(name) for name in forges)),
            ((aspect, *map(say, forges.values())) for aspect, say in _ASPECTS.items()),
        ),
        "A text longer than the limit is shortened by the portal: first the list of files, then"
        " the purpose.",
        source="`FORGES` in `gitops/forges/registry.py`",
    )


def _word(able: bool) -> str:
    return "yes" if able else "no"
