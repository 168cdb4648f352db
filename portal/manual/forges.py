"""What each forge can do, as a page."""

from gitops.management.reference import forge_rows
from portal.manual.markdown import code, page, table


def forges_page() -> str:
    """`docs/reference/forges.md`."""
    forges = forge_rows()
    aspects = next(iter(forges.values()))
    return page(
        "# Forges",
        "A forge keeps repositories and pull requests. The portal speaks to it through the"
        " protocol `Forge` in `gitops/forges/base.py`; there is no call that merges, since a"
        " person merges, on the forge. Every adapter passes the contract suite"
        " `tests/gitops/forges/contract.py`.",
        table(
            ("", *(code(name) for name in forges)),
            ((aspect, *(able[aspect] for able in forges.values())) for aspect in aspects),
        ),
        "A text longer than the limit is shortened by the portal: first the list of files, then"
        " the purpose.",
        source="`FORGES` in `gitops/forges/registry.py`",
    )
