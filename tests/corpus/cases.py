"""The corpus: wishes with the verdict they get wherever they are made.

`tests/corpus/<operation>/good/*.yaml` are accepted, `…/bad/*.yaml` are refused with exactly the
problems under `expect`. A file holds what a person says (tenant, spec, purpose …); the world is
`fleet.yaml`. `browser: false` marks what a form cannot say: null, wrong types, spaces at the ends,
tickets. Form, API and command run the same files.
"""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Case:
    """One wish. `expect` holds sorted (pointer, code) pairs; none means that it is fine."""

    operation: str
    name: str
    said: dict[str, Any]
    expect: tuple[tuple[str, str], ...]
    browser: bool

    @property
    def good(self) -> bool:
        return not self.expect

    @property
    def document(self) -> dict[str, Any]:
        """The wish with the fleet, as `manage.py render` takes it."""
        return {"operation": self.operation, **self.said, "fleet": fleet()}

    def __str__(self) -> str:
        return f"{self.operation}-{'good' if self.good else 'bad'}-{self.name}"


def fleet() -> dict[str, Any]:
    """The fleet, read anew, so that nobody changes it for others."""
    return deepcopy(_fleet())


@cache
def _fleet() -> dict[str, Any]:
    return dict(yaml.safe_load((HERE / "fleet.yaml").read_text()))


def cases(operation: str = "", *, good: bool | None = None) -> list[Case]:
    """All cases, or those of one operation, or only the good or the bad ones."""
    return [
        case
        for case in _all_cases()
        if (not operation or case.operation == operation) and good in (None, case.good)
    ]


@cache
def _all_cases() -> tuple[Case, ...]:
    return tuple(_case(path) for path in sorted(HERE.glob("*/*/*.yaml")))


def _case(path: Path) -> Case:
    said = yaml.safe_load(path.read_text())
    expect = tuple(sorted((e["pointer"], e["code"]) for e in said.pop("expect", [])))
    if (path.parent.name == "good") != (not expect):
        raise ValueError(f"{path} expects something else than its folder says")
    return Case(
        operation=path.parent.parent.name,
        name=path.stem,
        browser=said.pop("browser", True),
        said=said,
        expect=expect,
    )
