"""The promise: whatever is killed, and whenever, no request is lost and none is carried out twice.

The product runs as in a deployment; twenty requests go through it while its parts are killed.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.far_side import PREFIX
from tests.chaos.product import Browser, Nemesis, Product
from tests.portal.ops.tree import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.xdist_group("up"),
]

REQUESTS = 20
KILLS = ["worker"] * 5 + ["web", "web-process", "parent"]
"""In an order and at moments that the seed decides. A worker that is killed often comes back later
and later, until the parent begins anew."""


@pytest.fixture
def chance() -> random.Random:
    """What decides; its seed is printed, and `GATEHOUSE_CHAOS_SEED` plays it again."""
    seed = int(os.environ.get("GATEHOUSE_CHAOS_SEED") or random.SystemRandom().randrange(10**9))
    print(f"GATEHOUSE_CHAOS_SEED={seed}")
    return random.Random(seed)


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
        except BaseException as error:
            failed.append(error)
            raise

    approving = threading.Thread(target=approve_all)
    with product.merging():
        approving.start()
        for what in chance.sample(KILLS, len(KILLS)):
            time.sleep(chance.uniform(0.1, 1.5))
            nemesis.kill(what)
        approving.join()
        assert not failed
        until(lambda: not unfinished(product), "everything is merged", seconds=90)
    until(lambda: not product.asked(DUE), "nothing is due any more", seconds=30)
    assert sorted(nemesis.done) == sorted(KILLS)

    facts = product.far_side("facts")
    nothing_is_lost(facts)
    nothing_is_doubled(facts)
    merged_is_what_was_approved(facts)
    assert facts["audit"]["broken at"] is None, facts["audit"]
    product.tree.process.terminate()
    assert product.tree.process.wait(15) == 0
    until(lambda: not product.processes(), "no process is left", seconds=5)


DUE = """SELECT branch, state, last_error FROM gitops_changeset
    WHERE next_run_at IS NOT NULL AND branch LIKE 'gatehouse/%'"""


def unfinished(product: Product) -> list[tuple[Any, ...]]:
    merged = product.asked(
        f"SELECT 1 FROM tenants_request WHERE subject LIKE '{PREFIX}%' AND settled_at IS NOT NULL"  # noqa: S608
    )
    return [()] * (REQUESTS - len(merged))


def nothing_is_lost(facts: dict[str, Any]) -> None:
    names = [f"{PREFIX}{n:02}" for n in range(REQUESTS)]
    assert sorted(facts["requests"]) == names
    assert set(facts["requests"].values()) == {"merged"}
    assert facts["namespaces"] == names
    assert facts["names held"] == 0
    assert [row["state"] for row in facts["rows"]] == ["merged"] * REQUESTS


def nothing_is_doubled(facts: dict[str, Any]) -> None:
    """One pull request ever and one branch ever for each; all ours; no branch is left."""
    ours = {row["branch"]: row["pull"] for row in facts["rows"]}
    assert len(ours) == REQUESTS
    assert {p["head"]: p["number"] for p in facts["pulls"]} == ours
    assert len(facts["pulls"]) == REQUESTS
    assert {(p["state"], p["by"]) for p in facts["pulls"]} == {("merged", "gatehouse")}
    assert git(facts, "for-each-ref", "refs/heads/gatehouse") == b""


def merged_is_what_was_approved(facts: dict[str, Any]) -> None:
    wanted = [
        (f"{commit}:{path}", text)
        for row in facts["rows"]
        for path, text in row["files"].items()
        for commit in (row["commit"], row["merge_commit"], "main")
    ]
    assert len(wanted) >= REQUESTS * 3
    asked = "".join(f"{name}\n" for name, _ in wanted).encode()
    answer = git(facts, "cat-file", "--batch", stdin=asked)
    for name, text in wanted:
        header, _, answer = answer.partition(b"\n")
        assert header.split()[1] == b"blob", (name, header)
        size = int(header.split()[2])
        assert answer[:size].decode() == text, name
        answer = answer[size + 1 :]
    assert answer == b""


def git(facts: dict[str, Any], *words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", "-C", facts["directory"], *words], input=stdin, capture_output=True, check=True
    ).stdout
