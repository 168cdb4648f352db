"""Holding what is rendered against the cluster's own CRDs, where somebody gave them.

`GATEHOUSE_SCHEMAS` names a folder of CRDs. Without it nothing is checked here, and nothing is
claimed.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from gitops.layout import place_of
from gitops.manifests.read import UnreadableManifest, load_all
from gitops.policies import Severity, Verdict
from gitops.schemas import Schemas
from gitops.spec import FluxVersion

PACK = "schemas"


def schema_verdicts(texts: Mapping[str, str], flux: Mapping[str, FluxVersion]) -> Iterator[Verdict]:
    """What the CRDs have against each object: `texts` by path, `flux` by cluster."""
    if settings.GATEHOUSE_SCHEMAS is None:
        return
    known = _load(settings.GATEHOUSE_SCHEMAS)
    for path, text in texts.items():
        place = place_of(path)
        version = flux.get(place.cluster) if place else None
        if version is None:
            continue
        try:
            objects = load_all(text)
        except UnreadableManifest:
            continue  # the policies say so
        for manifest in objects:
            for sentence in known.check(manifest, flux=version):
                yield Verdict(
                    pack=PACK,
                    rule="schema",
                    severity=Severity.ERROR,
                    path=path,
                    line=None,
                    message=f"Flux {version.value} on this cluster refuses it: {sentence}.",
                    fix="Correct the cluster's Flux version in the inventory, or the CRDs given.",
                )


@cache
def _load(folder: Path) -> Schemas:
    return Schemas.load(folder)
