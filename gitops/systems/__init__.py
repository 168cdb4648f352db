"""Tenancy systems: how isolation is done on a cluster. One module each, listed here. Pure."""

from collections.abc import Callable

from gitops.rendered import Rendered
from gitops.spec import Spec
from gitops.systems import flux

SYSTEMS: dict[str, Callable[[Spec], Rendered]] = {
    "flux": flux.render,
}
