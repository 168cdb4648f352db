"""Taking away: each life renders what Flux needs to clean up behind it."""

import dataclasses

import pytest

from gitops.errors import InvalidSpec
from gitops.manifests import labels
from gitops.rendering import render
from gitops.spec import Life, Role
from tests.gitops.render.samples import namespace, on_cluster, repository, texts_of
from tests.gitops.render.test_rendering import find, objects


def _with_web(life: Life, tenant: Life = Life.ACTIVE) -> dict[str, str]:
    return texts_of(
        on_cluster(life=tenant, namespaces=(namespace(), namespace("iris-blue-web", life=life)))
    )


def test_a_suspended_tenant_keeps_everything_and_its_sync_pauses() -> None:
    texts = texts_of(on_cluster(life=Life.SUSPENDED))
    assert texts.keys() == texts_of(on_cluster()).keys()
    for kind in ("GitRepository", "Kustomization"):
        assert find(texts, kind, "iris-blue")["spec"]["suspend"] is True
        assert "suspend" not in find(texts_of(on_cluster()), kind, "iris-blue")["spec"]
    annotations = find(texts, "Namespace", "iris-blue")["metadata"]["annotations"]
    assert annotations[labels.PRUNE] == "disabled"
    assert annotations[labels.LIFE] == "suspended"


def test_a_draining_tenant_loses_its_sync_and_keeps_its_account() -> None:
    texts = texts_of(on_cluster(life=Life.DRAINING))
    gone = texts_of(on_cluster()).keys() - texts.keys()
    assert gone == {"tenants/dev-1/iris-blue/iris-blue/sync.yaml"}
    kinds = {o["kind"] for o in objects(texts)}
    assert {"Namespace", "ServiceAccount", "RoleBinding"} < kinds
    for name in ("iris-blue", "iris-blue-web"):
        assert labels.PRUNE not in find(texts, "Namespace", name)["metadata"]["annotations"]


def test_an_absent_tenant_leaves_nothing_but_what_to_look_for() -> None:
    rendered = render([on_cluster(life=Life.ABSENT), repository(life=Life.ABSENT)])
    assert rendered.files == {}
    (gone,) = rendered.expects
    assert (gone.namespace, gone.name, gone.condition) == (
        "flux-system",
        "tenant-iris-blue",
        "Absent",
    )


def test_one_namespace_walks_alone() -> None:
    active = _with_web(Life.ACTIVE)
    draining = _with_web(Life.DRAINING)
    changed = {path for path in active if active[path] != draining.get(path)}
    assert changed == {"tenants/dev-1/iris-blue/iris-blue-web/namespace.yaml"}
    found = find(draining, "Namespace", "iris-blue-web")["metadata"]["annotations"]
    assert labels.PRUNE not in found
    absent = _with_web(Life.ABSENT)
    assert absent == {p: t for p, t in active.items() if "iris-blue-web/" not in p}


def test_the_home_namespace_leaves_last() -> None:
    for life in (Life.DRAINING, Life.ABSENT):
        with pytest.raises(InvalidSpec) as caught:
            render([on_cluster(namespaces=(namespace(life=life),))])
        assert [p.code for p in caught.value.problems] == ["home-leaves"]
    both = on_cluster(life=Life.DRAINING, namespaces=(namespace(life=Life.DRAINING),))
    assert "sync.yaml" not in "".join(texts_of(both))


def test_a_suspended_home_pauses_the_sync() -> None:
    texts = texts_of(on_cluster(namespaces=(namespace(life=Life.SUSPENDED),)))
    assert find(texts, "Kustomization", "iris-blue")["spec"]["suspend"] is True


def test_what_to_observe_follows_the_life() -> None:
    def conditions(life: Life) -> list[tuple[str, str]]:
        return [(e.name, e.condition) for e in render([on_cluster(life=life)]).expects]

    assert conditions(Life.ACTIVE) == [("tenant-iris-blue", "Ready"), ("iris-blue", "Ready")]
    assert conditions(Life.SUSPENDED) == [("tenant-iris-blue", "Ready")]
    assert conditions(Life.DRAINING) == [("tenant-iris-blue", "Ready"), ("iris-blue", "Absent")]


def test_a_leaving_tenants_secret_is_nobodys_task() -> None:
    spec = on_cluster(life=Life.DRAINING)
    private = dataclasses.replace(spec, sync=dataclasses.replace(spec.sync, secret_name="s"))
    assert render([private]).steps == ()
    assert render([repository(life=Life.DRAINING)]).of_role(Role.TENANT)
