"""Specs to files: what the repositories should hold, and what has to happen around them. Pure.

`render` is deterministic: the same specs give the same bytes, whatever their order.
"""

from collections.abc import Collection, Iterable

from gitops.errors import InvalidSpec, Problem
from gitops.rendered import Expectation, File, ManualStep, Rendered
from gitops.spec import Role, Spec
from gitops.spec_rules import problems_of
from gitops.systems import SYSTEMS

__all__ = ["Expectation", "File", "ManualStep", "Rendered", "render"]


def render(
    specs: Iterable[Spec], *, system: str = "flux", allow_insecure_hosts: Collection[str] = ()
) -> Rendered:
    """The files, manual steps and postconditions of all `specs` together.

    Raises InvalidSpec with every broken rule; pointers begin with the spec's position, as in
    "/0/namespaces/1/name". `allow_insecure_hosts`: see `gitops.addresses.git_url`.
    """
    given = list(specs)
    problems = [
        Problem(pointer=f"/{index}{found.pointer}", code=found.code, detail=found.detail)
        for index, spec in enumerate(given)
        for found in problems_of(spec, allow_insecure_hosts=allow_insecure_hosts)
    ]
    if problems:
        raise InvalidSpec(problems)
    return _together([SYSTEMS[system](spec) for spec in given])


def _together(parts: list[Rendered]) -> Rendered:
    files: dict[tuple[Role, str], File] = {}
    for index, part in enumerate(parts):
        twice = files.keys() & part.files.keys()
        if twice:
            detail = f"{min(path for _, path in twice)} is wanted by two specs"
            raise InvalidSpec([Problem(pointer=f"/{index}", code="same-path", detail=detail)])
        files |= part.files
    return Rendered(
        files={key: files[key] for key in sorted(files)},
        steps=tuple(sorted((s for part in parts for s in part.steps), key=lambda s: s.id)),
        expects=tuple(sorted((e for p in parts for e in p.expects), key=_by_place)),
    )


def _by_place(expectation: Expectation) -> tuple[str, str, str, str]:
    return expectation.cluster, expectation.namespace, expectation.name, expectation.kind
