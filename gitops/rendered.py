"""The values rendering answers with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gitops.spec import Ownership, Role


@dataclass(frozen=True, kw_only=True)
class File:
    """A file as it should be. `text` is UTF-8 with LF and a final newline."""

    text: str
    ownership: Ownership = Ownership.MANAGED


@dataclass(frozen=True, kw_only=True)
class ManualStep:
    """Something a person has to do that git cannot say. `id` is stable from render to render."""

    id: str
    title: str
    commands: tuple[str, ...]  # for a POSIX shell, in this order
    expect: str  # what the person sees when it worked


class Observed(StrEnum):
    """What to find: an object Flux calls ready, or no such object."""

    READY = "Ready"
    ABSENT = "Absent"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A fact to look for on a cluster once the files are merged."""

    cluster: str
    kind: str
    namespace: str
    name: str
    condition: Observed = Observed.READY


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Everything specs ask for: files by (role, path), manual steps, and what to observe after."""

    files: Mapping[tuple[Role, str], File] = field(default_factory=dict)
    steps: tuple[ManualStep, ...] = ()
    expects: tuple[Expectation, ...] = ()

    def of_role(self, role: Role) -> dict[str, File]:
        """The files of one repository, by path."""
        return {path: file for (owner, path), file in self.files.items() if owner is role}
