"""What the tests about things going wrong share."""

from tests.chaos.races import committed

__all__ = ["committed"]
