"""Every object we write, strictly against the CRDs of every Flux minor and Kubernetes' schemas."""

import copy
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gitops.manifests.flux import force_service_account
from gitops.manifests.read import load_all
from gitops.manifests.versions import PROFILES
from gitops.rendering import render
from gitops.schemas import Schemas, SchemasUnavailable
from gitops.spec import FluxVersion, Life, NetworkProfile, PodSecurity, Role, TenantOnCluster
from tests.gitops.render.samples import namespace, on_cluster, platform_texts, repository

KUBERNETES = "1.32"


@cache
def _loaded(folder: str) -> Schemas:
    return Schemas.load(Path(folder))


@pytest.fixture
def schemas(need: Callable[[str], str]) -> Schemas:
    return _loaded(need("schemas"))


def _specs(flux: FluxVersion) -> Iterator[TenantOnCluster]:
    sync = on_cluster().sync
    private = type(sync)(url=sync.url, branch=sync.branch, path=sync.path, secret_name="s")
    for life in (Life.ACTIVE, Life.SUSPENDED, Life.DRAINING):
        yield on_cluster(flux=flux, life=life, sync=private)
    for profile in NetworkProfile:
        for level in PodSecurity:
            wanted = namespace(
                network=profile, pod_security=level, purpose="yes", lease="2027-01-01"
            )
            yield on_cluster(flux=flux, namespaces=(wanted,), access_groups=())


def _objects(flux: FluxVersion) -> list[Any]:
    texts = [text for spec in _specs(flux) for text in platform_texts(render([spec])).values()]
    return [item for text in dict.fromkeys(texts) for item in load_all(text)]


@pytest.mark.parametrize("flux", FluxVersion)
def test_every_flux_object_fits_its_crd(schemas: Schemas, flux: FluxVersion) -> None:
    found = [item for item in _objects(flux) if "fluxcd.io" in item["apiVersion"]]
    assert {item["kind"] for item in found} == {"GitRepository", "Kustomization"}
    assert all(schemas.knows(item, flux=flux) for item in found)
    assert [schemas.check(item, flux=flux) for item in found] == [()] * len(found)


def _kubernetes_errors(item: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package uses parts of setuptools that will go
        import kubernetes_validate
    try:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error)
    return ""


def test_every_kubernetes_object_fits_its_schema() -> None:
    found = [i for i in _objects(FluxVersion.V2_9) if "fluxcd.io" not in i["apiVersion"]]
    kinds = {item["kind"] for item in found}
    assert kinds == {
        "Namespace",
        "ServiceAccount",
        "RoleBinding",
        "ResourceQuota",
        "LimitRange",
        "NetworkPolicy",
    }
    assert {_kubernetes_errors(item) for item in found} == {""}
    broken = copy.deepcopy(found[0])
    broken["metadata"]["label"] = {}
    assert "label" in _kubernetes_errors(broken)


def test_the_version_table_is_the_crds(schemas: Schemas) -> None:
    """Each version we would write is served, and a newer stable one is not left unused."""
    for flux, profile in PROFILES.items():
        for kind, api_version in profile.api_versions.items():
            bare = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
            assert schemas.knows(bare, flux=flux), (flux, kind)
            errors = schemas.check(bare, flux=flux)
            assert not any("is not served" in error for error in errors), (flux, kind, errors)
            stable = dict(bare, apiVersion=f"{api_version.partition('/')[0]}/v1")
            served = not any("is not served" in e for e in schemas.check(stable, flux=flux))
            assert not (served and "beta" in api_version), (flux, kind)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda o: o["spec"].update(validation="client"), "validation"),
        (lambda o: o["spec"]["sourceRef"].update(branch="x"), "branch"),
        (lambda o: o["spec"].pop("prune"), "prune"),
        (lambda o: o["spec"].update(prune="true"), "prune"),
        (lambda o: o["spec"].update(interval="5 minutes"), "interval"),
        (lambda o: o["spec"].update(deletionPolicy="Whatever"), "deletionPolicy"),
        (lambda o: o["spec"]["patches"].append({"patch": 1}), "patches"),
        (lambda o: o.update(apiVersion="kustomize.toolkit.fluxcd.io/v1beta1"), "not served"),
        (lambda o: o.update(kind="Kustomisation"), "no kind"),
        (lambda o: o.update(extra=1), "extra"),
    ],
)
def test_the_check_is_strict(schemas: Schemas, change: Callable[[Any], object], said: str) -> None:
    item = next(
        o
        for o in _objects(FluxVersion.V2_7)
        if o["kind"] == "Kustomization" and o["metadata"]["name"] == "iris-blue"
    )
    item["spec"]["patches"] = [force_service_account("iris-blue")]
    assert schemas.check(item, flux=FluxVersion.V2_7) == ()
    change(item)
    errors = schemas.check(item, flux=FluxVersion.V2_7)
    assert any(said in error for error in errors), errors


def test_waiting_for_termination_came_with_flux_26(schemas: Schemas) -> None:
    sync = next(o for o in _objects(FluxVersion.V2_6) if "deletionPolicy" in o.get("spec", {}))
    assert schemas.check(sync, flux=FluxVersion.V2_6) == ()
    assert any("deletionPolicy" in e for e in schemas.check(sync, flux=FluxVersion.V2_5))


def test_the_tenants_repository_is_plain_kustomize() -> None:
    files = render([repository()]).of_role(Role.TENANT)
    (found,) = load_all(files["clusters/dev-1/kustomization.yaml"].text)
    assert found == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [],
    }


CRD = """\
apiVersion: v1
kind: List
items:
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  spec:
    group: example.com
    names: {kind: Widget}
    versions:
    - name: v1beta1
      served: false
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                port: {x-kubernetes-int-or-string: true}
                note: {type: string, nullable: true}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                map: {type: object, additionalProperties: {type: string}}
"""


def _widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "spec": spec}


def test_a_clusters_own_list_of_crds_will_do(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(CRD, encoding="utf-8")
    own, flux = Schemas.load(tmp_path), FluxVersion.V2_9
    good = _widget(port=1, note=None, free={"x": 1}, map={"a": "b"})
    assert own.check(good, flux=flux) == ()
    assert own.check(_widget(port="http"), flux=flux) == ()
    for bad in (_widget(port=[]), _widget(other=1), _widget(map={"a": 1}), _widget(note=1)):
        assert own.check(bad, flux=flux), bad
    (unserved,) = own.check({**good, "apiVersion": "example.com/v1beta1"}, flux=flux)
    assert "not served" in unserved
    assert not own.knows({"apiVersion": "v1", "kind": "Namespace"}, flux=flux)
    assert own.check({"apiVersion": "v1", "kind": "Namespace"}, flux=flux) == ()


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SchemasUnavailable):
        Schemas.load(tmp_path)
