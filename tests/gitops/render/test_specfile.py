"""Specs as YAML: read strictly, with the place of what is wrong."""

import pytest

from gitops.errors import InvalidSpec
from gitops.spec import Life, TenantRepository
from gitops.specfile import load_specs

REPOSITORY = "spec: tenant-repository\ntenant: a\nclusters: [b]\n"


def test_a_repository() -> None:
    assert load_specs(REPOSITORY + "life: draining\n") == (
        TenantRepository(tenant="a", clusters=("b",), life=Life.DRAINING),
    )


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("a: [", "", "unreadable"),
        ("a: 1\na: 2\n", "", "unreadable"),
        ("- 1\n", "/0/spec", "unknown-spec"),
        ("spec: [1]\n", "/0/spec", "unknown-spec"),
        ("spec: cluster\n", "/0/spec", "unknown-spec"),
        (REPOSITORY + "colour: red\n", "/0/colour", "unknown-field"),
        ("spec: tenant-repository\ntenant: a\n", "/0/clusters", "required"),
        (REPOSITORY.replace("[b]", "b"), "/0/clusters", "not-a-list"),
        (REPOSITORY.replace("[b]", "[1]"), "/0/clusters/0", "not-text"),
        (REPOSITORY + "life: gone\n", "/0/life", "unknown-word"),
        (REPOSITORY + "---\nspec: tenant-on-cluster\nsync: x\n", "/1/", "required"),
    ],
)
def test_what_is_wrong_and_where(text: str, pointer: str, code: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        load_specs(text)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.pointer.startswith(pointer)
