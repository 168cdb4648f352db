"""Paths: the promised shapes, and no way to leave them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops import layout
from gitops.errors import InvalidSpec
from gitops.layout import Place
from tests.gitops.render.samples import slugs

BAD_SEGMENTS = ["", ".", "..", "a/b", "../x", "a\\b", ".git", "A", "a.", "-a", "a\n", "\x00", "é"]
BAD_SEGMENTS += ["a%2e", "x" * 64, "a b", "~", "git~1"]


def test_the_promised_paths() -> None:
    assert layout.sync_entry("dev-1", "iris") == "clusters/dev-1/tenants/iris.yaml"
    assert layout.tenant_dir("dev-1", "iris") == "tenants/dev-1/iris/"
    assert layout.namespace_dir("dev-1", "iris", "iris-x") == "tenants/dev-1/iris/iris-x/"
    assert layout.repository_dir("dev-1") == "clusters/dev-1/"
    assert layout.repository_dir("dev-1", "apps/iris/") == "apps/iris/clusters/dev-1/"
    assert layout.flux_path("tenants/dev-1/iris/") == "./tenants/dev-1/iris"


@pytest.mark.parametrize("bad", BAD_SEGMENTS)
def test_no_segment_leads_astray(bad: str) -> None:
    builds: list[Callable[[], str]] = [
        lambda: layout.sync_entry(bad, "a"),
        lambda: layout.sync_entry("a", bad),
        lambda: layout.namespace_dir("a", "b", bad),
        lambda: layout.repository_dir(bad),
    ]
    for build in builds:
        with pytest.raises(InvalidSpec):
            build()


@pytest.mark.parametrize("bad", ["a", "/", "../", "a/../", "a//", ".git/", "a/.GIT/", "./", "a\n/"])
def test_no_prefix_leads_astray(bad: str) -> None:
    with pytest.raises(InvalidSpec):
        layout.repository_dir("a", bad)


@given(slugs, slugs, slugs)
def test_a_path_says_whose_it_is(cluster: str, tenant: str, namespace: str) -> None:
    inside = layout.namespace_dir(cluster, tenant, namespace) + "rbac.yaml"
    wanted = Place(cluster=cluster, tenant=tenant, namespace=namespace)
    assert layout.place_of(inside) == wanted
    entry = layout.sync_entry(cluster, tenant)
    assert layout.place_of(entry) == Place(cluster=cluster, tenant=tenant, namespace=None)


@given(st.text(st.sampled_from("abA./\n-"), max_size=30))
def test_other_paths_are_nobodys(path: str) -> None:
    assert layout.place_of(path) is None


def test_a_deeper_file_is_nobodys() -> None:
    assert layout.place_of("tenants/a/b/c/d/e.yaml") is None
    assert layout.place_of("tenants/a/../c/d.yaml") is None
