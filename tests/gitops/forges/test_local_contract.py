"""The local forge keeps the contract."""

from tests.gitops.forges.contract import ForgeContract


class TestLocalForge(ForgeContract):
    """`far` is in conftest.py."""
