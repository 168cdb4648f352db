"""The rules of the policy packs, as a page. Pure."""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from gitops.policies import flux_tenancy
from gitops.policies.base import Severity
from portal.manual.markdown import code, first_line, page, table

PACKS: tuple[ModuleType, ...] = (flux_tenancy,)
"""The packs' modules, in the order of `gitops.policies.PACKS`; a test compares."""

Rules = Mapping[str, tuple[Severity, Callable[..., Any]]]


def policies_page() -> str:
    """`docs/reference/policies.md`."""
    return page(
        "# Policy rules",
        "Every rule looks at rendered files before anybody can approve them. An *error* cannot be"
        " submitted; a *warning* is shown to the approver. Each finding names the file, the line"
        " and the smallest change that puts it right.",
        *(part for pack in PACKS for part in _pack(pack)),
        source="`gitops/policies/`",
    )


def _pack(pack: ModuleType) -> Iterable[str]:
    yield f"## The pack {code(pack.NAME)}"
    yield "Rules about single objects:"
    yield _rules(pack.OBJECT_RULES)
    yield "Rules about all files of a tenant in one repository together:"
    yield _rules(pack.TREE_RULES)


def _rules(rules: Rules) -> str:
    return table(
        ("rule", "severity", "what it is about"),
        (
            (code(name), str(severity), _meaning(name, rule))
            for name, (severity, rule) in rules.items()
        ),
    )


def _meaning(name: str, rule: Callable[..., Any]) -> str:
    return first_line(rule.__doc__ or _PLAIN.get(name))


_PLAIN: Mapping[str, str] = {
    "namespace-present": "Each namespace directory creates its namespace.",
    "account-present": "Each namespace has the account Flux acts as.",
    "quota-present": "Each namespace has a ResourceQuota with limits in it.",
    "limits-present": "Each namespace has a LimitRange with defaults for containers.",
    "network-default-deny": "Each namespace begins with all traffic denied.",
    "network-dns": "Each namespace may look up names.",
}
"""For rules whose function says nothing of its own."""
