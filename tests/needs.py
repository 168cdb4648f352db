"""Services and tools some tests need. Missing: skipped and named at the end; a failure in CI."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

PREFIX = "needs "
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}


def _program(*names: str) -> Callable[[], str]:
    return lambda: next(filter(None, map(shutil.which, names)), "")


def _folder(variable: str) -> Callable[[], str]:
    def look() -> str:
        value = os.environ.get(variable, "")
        return str(Path(value).resolve()) if value and Path(value).is_dir() else ""

    return look


def _variable(name: str) -> Callable[[], str]:
    return lambda: os.environ.get(name, "")


def _postgresql() -> str:
    url = os.environ.get("GATEHOUSE_TEST_POSTGRESQL_URL") or os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else ""


def _kustomize() -> str:
    if shutil.which("kustomize"):
        return "kustomize build"
    return "kubectl kustomize" if shutil.which("kubectl") else ""


NEEDS: Mapping[str, tuple[Callable[[], str], str]] = {
    "redis": (_variable("GATEHOUSE_TEST_REDIS_URL"), "GATEHOUSE_TEST_REDIS_URL is not set"),
    "redis-server": (_program("redis-server"), "the program redis-server is not installed"),
    "postgresql": (_postgresql, "GATEHOUSE_TEST_POSTGRESQL_URL is not set"),
    "chromium": (_program("chromium", "chromium-browser", "google-chrome"), "no Chromium found"),
    "kustomize": (_kustomize, "neither kustomize nor kubectl is installed"),
    "schemas": (_folder("GATEHOUSE_SCHEMAS"), "GATEHOUSE_SCHEMAS names no folder of CRDs"),
    "flux-cli-samples": (_folder("GATEHOUSE_FLUX_CLI"), "GATEHOUSE_FLUX_CLI names no folder"),
}
"""For each name: how to find it (a URL, a path, or a command's words; empty when missing), and the
sentence for when it is missing."""


def need(name: str) -> str:
    """Where the service or tool is. Skips the test when it is missing; fails it when CI=true."""
    find, sentence = NEEDS[name]
    found = find()
    if found:
        return found
    message = f"{PREFIX}{name}: {sentence}"
    if IN_CI:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
