"""Tools of the demo's tests; each skips by name when it is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops.schemas import Schemas
from tests.portal.demo import trees


@pytest.fixture
def build(need: Callable[[str], str]) -> Callable[[Path], list[Any]]:
    return trees.builder(need)


@pytest.fixture
def crds(need: Callable[[str], str]) -> Schemas:
    return trees.schemas(need("schemas"))
