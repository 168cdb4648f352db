"""With the cluster's CRDs at hand, what they would refuse is said before anybody submits."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tenants import schema_check, services
from tests.world import World

STRICTER = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kustomizations.kustomize.toolkit.fluxcd.io
spec:
  group: kustomize.toolkit.fluxcd.io
  names:
    kind: Kustomization
  versions:
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              path:
                type: string
"""
PLUM = {"name": "plum", "owners": ["alice"], "clusters": ["dev-1"], "size_class": "small"}


@pytest.fixture
def schemas(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    def use(folder: Path) -> None:
        monkeypatch.setattr(settings, "GATEHOUSE_SCHEMAS", folder)
        schema_check._load.cache_clear()

    yield use
    schema_check._load.cache_clear()


def test_an_unknown_field_is_an_error_with_its_file(
    world: World, tmp_path: Path, schemas: Callable[[Path], None]
) -> None:
    folder = tmp_path / "crds"
    folder.mkdir()
    (folder / "kustomizations.yaml").write_text(STRICTER)
    schemas(folder)
    shown = services.preview(
        by=world.alice, operation="onboard-tenant", payload=PLUM, purpose="A new team"
    )
    found = [v for v in shown.verdicts if v.pack == "schemas"]
    assert {v.path for v in found} >= {"clusters/dev-1/tenants/plum.yaml"}
    assert any("serviceAccountName" in v.message for v in found)


def test_the_real_crds_accept_all_of_it(
    world: World, need: Callable[[str], str], schemas: Callable[[Path], None]
) -> None:
    schemas(Path(need("schemas")))
    shown = services.preview(
        by=world.alice,
        operation="onboard-tenant",
        payload=PLUM | {"clusters": ["dev-1", "dev-2", "production-1"]},
        purpose="A new team",
    )
    assert shown.problems == ()
    assert [v for v in shown.verdicts if v.pack == "schemas"] == []
    assert shown.files
