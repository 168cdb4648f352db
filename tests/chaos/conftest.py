"""What the tests about things going wrong share."""

import os
import random

import pytest

pytest.register_assert_rewrite(
    "tests.chaos.afterwards", "tests.chaos.races", "tests.portal.ops.tree"
)

from tests.chaos.races import committed  # noqa: E402 - its asserts are to be rewritten

__all__ = ["committed"]


@pytest.fixture
def chance() -> random.Random:
    """What decides; its seed is printed, and `GATEHOUSE_CHAOS_SEED` plays it again."""
    seed = int(os.environ.get("GATEHOUSE_CHAOS_SEED") or random.SystemRandom().randrange(10**9))
    print(f"GATEHOUSE_CHAOS_SEED={seed}")
    return random.Random(seed)
