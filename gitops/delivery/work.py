"""One pass over one repository: what it is about and the ways to reach it."""

from dataclasses import dataclass, field
from functools import cached_property

from gitops.delivery import snapshot
from gitops.delivery.claims import Claim
from gitops.forges.base import Forge
from gitops.git.mirror import Mirror
from gitops.models import Repository


@dataclass(kw_only=True)
class Work:
    """A claimed repository with its forge client and its mirror."""

    repository: Repository
    claim: Claim
    forge: Forge
    mirror: Mirror
    looked: bool = field(default=False)

    def look(self, *, again: bool = False) -> None:
        """Bring the snapshot up to date, once a pass unless `again`. Raises `DeliveryError`."""
        if again or not self.looked:
            snapshot.look(self.repository, self.mirror, claim=self.claim)
            self.looked = True

    @cached_property
    def branches(self) -> dict[str, str]:
        """Our branches on the forge now, name to commit: one question for the whole pass."""
        refs = self.mirror.remote_refs("refs/heads/gatehouse/*")
        return {name.removeprefix("refs/heads/"): commit for name, commit in refs.items()}
