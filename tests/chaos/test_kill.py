"""The promise: whatever is killed, and whenever, no request is lost and none is carried out twice.

The product runs as in a deployment; twenty requests go through it while its parts are killed.
"""

import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.afterwards import all_is_well, settle, stops_without_a_trace
from tests.chaos.product import Browser, Nemesis, Product

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.xdist_group("up"),
]

REQUESTS = 20
KILLS = ["worker"] * 5 + ["web", "web-process", "parent"]
"""In an order and at moments that the seed decides. A worker that is killed often comes back later
and later, until the parent begins anew."""


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "data")
    product.start()
    yield product
    product.stop()


def test_kill_anything_at_any_time(product: Product, chance: random.Random) -> None:
    numbers = product.far_side("ask", str(REQUESTS))
    nemesis = Nemesis(product, chance)
    bob = Browser(product.port, "bob")
    failed: list[BaseException] = []

    def approve_all() -> None:
        try:
            for number in numbers:
                bob.approve(number)
        except AssertionError as error:
            failed.append(error)

    approving = threading.Thread(target=approve_all)
    with product.merging():
        approving.start()
        for what in chance.sample(KILLS, len(KILLS)):
            time.sleep(chance.uniform(0.1, 1.5))
            nemesis.kill(what)
        approving.join()
        assert not failed, product.health()
        facts = settle(product, REQUESTS)
    assert sorted(nemesis.done) == sorted(KILLS)
    all_is_well(facts, REQUESTS)
    stops_without_a_trace(product)
