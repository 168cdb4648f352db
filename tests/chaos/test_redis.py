"""With Redis: rows are the queue, messages only ring. Losing them all costs seconds, no work."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.chaos.afterwards import all_is_well, settle, stops_without_a_trace
from tests.chaos.product import Browser, Nemesis, Product
from tests.portal.ops.tree import free_port, until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.xdist_group("up"),
]

REQUESTS = 6


@dataclass
class Broker:
    """A Redis of our own that keeps nothing over a restart."""

    program: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes]" = field(init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2)

    def start(self) -> None:
        words = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.process = subprocess.Popen(
            [self.program, *words, "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, "Redis answers")

    def _answers(self) -> bool:
        try:
            with self.client as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def forget_everything(self) -> None:
        with self.client as client:
            client.flushall()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(need: Callable[[str], str], tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(need("redis-server"), tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def product(broker: Broker, tmp_path: Path) -> Iterator[Product]:
    more = {"CELERY_BROKER_URL": broker.url, "SECRET_KEY": "k" * 40}
    product = Product(tmp_path / "data", more=more)
    product.start()
    yield product
    product.stop()


def a_child_of_the_worker(product: Product) -> None:
    """As when memory runs out: prefork loses one process, in the middle of a task or not."""
    main = product.tree.main_of("portal.up.worker")
    children = sorted(product.tree.alive("portal.up.worker") - {main})
    if children:
        os.kill(children[-1], signal.SIGKILL)


def test_the_queue_may_be_lost_at_any_time(
    product: Product, broker: Broker, chance: random.Random
) -> None:
    assert product.tree.main_of("portal.up.clock") is not None
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

    def restart_the_broker() -> None:
        broker.kill()
        time.sleep(0.5)
        broker.start()

    faults: list[Callable[[], None]] = [
        broker.forget_everything,
        lambda: nemesis.kill("worker"),
        broker.forget_everything,
        lambda: a_child_of_the_worker(product),
        lambda: nemesis.kill("clock"),
        restart_the_broker,
    ]
    with product.merging():
        approving.start()
        for fault in chance.sample(faults, len(faults)):
            time.sleep(chance.uniform(0.2, 1.5))
            fault()
        approving.join()
        assert not failed, product.health()
        facts = settle(product, REQUESTS)
    all_is_well(facts, REQUESTS)
    stops_without_a_trace(product)


def test_what_strangers_put_into_the_queue_moves_nothing(product: Product, broker: Broker) -> None:
    """Whoever can write to Redis can make us look early, and nothing else."""
    [number] = product.far_side("ask", "1")
    before = product.asked("SELECT status, version FROM tenants_request")
    states = product.asked("SELECT id, state FROM gitops_changeset ORDER BY id")
    product.far_side("forge-messages", "50")
    with broker.client as client:
        for rubbish in (b"not json", b"{}", b"\x80\x04."):
            client.lpush("gatehouse:deliver", rubbish)

    def worked_off() -> bool:
        with broker.client as client:
            return bool(client.llen("gatehouse:deliver") == 0)

    # Each piece of rubbish may end a worker, which is started again after a pause.
    until(worked_off, "the queue is empty", seconds=120)
    assert product.asked("SELECT status, version FROM tenants_request") == before
    assert product.asked("SELECT id, state FROM gitops_changeset ORDER BY id") == states

    Browser(product.port, "bob").approve(number)
    with product.merging():
        facts = settle(product, 1)
    all_is_well(facts, 1)
