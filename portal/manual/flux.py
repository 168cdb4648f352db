"""What is written for each Flux minor, as a page. Pure."""

from gitops.manifests.versions import PROFILES
from portal.manual.markdown import code, page, table


def flux_page() -> str:
    """`docs/reference/flux-versions.md`."""
    minors = list(PROFILES)
    kinds = dict.fromkeys(kind for profile in PROFILES.values() for kind in profile.api_versions)
    rows = [
        (code(kind), *(_short(PROFILES[minor].api_versions.get(kind, "")) for minor in minors))
        for kind in kinds
    ]
    rows.append(
        (
            "`deletionPolicy` of a tenant's sync",
            *(code(PROFILES[minor].deletion_policy) for minor in minors),
        )
    )
    return page(
        "# Flux versions",
        "Each cluster has a Flux minor, and what is rendered for it uses the newest stable API"
        " version that this minor serves. One portal can serve clusters with different ones.",
        table(("", *(f"Flux {minor}" for minor in minors)), rows),
        "The table is compared with the CRDs of each minor by"
        " `tests/gitops/render/test_schemas.py`, which needs `GATEHOUSE_SCHEMAS`.",
        source="`gitops/manifests/versions.py`",
    )


def _short(api_version: str) -> str:
    return code(api_version.partition("/")[2]) if api_version else ""
