"""Policy packs: a folder each, listed here. A pack judges rendered text before anybody submits it.

The same rules hold on the cluster by admission policies; here they are seen before the merge, with
the line and what to change. Pure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from gitops.policies import flux_tenancy
from gitops.policies.base import Context, Severity, Verdict

__all__ = ["PACKS", "Context", "Severity", "Verdict", "verdicts"]

PACKS: dict[str, Callable[[Mapping[str, str], Context], Iterator[Verdict]]] = {
    flux_tenancy.NAME: flux_tenancy.judge,
}


def verdicts(
    files: Mapping[str, str], context: Context, packs: Iterable[str] = tuple(PACKS)
) -> tuple[Verdict, ...]:
    """What `packs` have against `files` (path to text), by path, line and rule.

    `files` are all files the specs ask for in one repository, changed or not: some rules ask
    whether a namespace has everything it needs. Raises KeyError for a pack that does not exist.
    """
    found = {verdict for pack in packs for verdict in PACKS[pack](files, context)}
    return tuple(sorted(found, key=lambda v: (v.path, v.line or 0, v.rule, v.message)))
