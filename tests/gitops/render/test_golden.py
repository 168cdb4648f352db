"""Golden folders: `tests/golden/<case>/spec.yaml` renders to exactly `tree/`.

`GOLDEN_UPDATE=1` writes the trees anew; the reviewer reads the difference.
"""

import os
import shutil
from pathlib import Path

import pytest

from gitops.rendering import render
from gitops.specfile import load_specs

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/spec.yaml"))


def _rendered(case: str) -> dict[str, str]:
    specs = load_specs((GOLDEN / case / "spec.yaml").read_text(encoding="utf-8"))
    return {f"{role}/{path}": file.text for (role, path), file in render(specs).files.items()}


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _rewrite(folder: Path, texts: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


@pytest.mark.parametrize("case", CASES)
def test_golden_tree(case: str) -> None:
    texts, folder = _rendered(case), GOLDEN / case / "tree"
    if os.environ.get("GOLDEN_UPDATE") == "1":
        _rewrite(folder, texts)
    assert _tree(folder) == texts


def test_the_cases_are_there() -> None:
    """A folder that is renamed must not silently leave the suite."""
    assert {"onboard-flux-2.5", "onboard-flux-2.7", "two-namespaces", "internet"} <= set(CASES)
