"""What must hold when everything is quiet again: the portal's rows against the forge's records."""

import subprocess
from typing import Any

from tests.chaos.far_side import PREFIX
from tests.chaos.product import Product
from tests.portal.ops.tree import until


def settle(product: Product, count: int) -> dict[str, Any]:
    """Wait until everything is merged and nothing is due any more; answers what is known then."""
    try:
        until(lambda: finished(product) == count, "everything is merged", seconds=90)
        until(lambda: not product.asked(DUE), "nothing is due any more", seconds=30)
    except AssertionError:
        print(product.health())
        raise
    facts: dict[str, Any] = product.far_side("facts")
    return facts


def all_is_well(facts: dict[str, Any], count: int) -> None:
    nothing_is_lost(facts, count)
    nothing_is_doubled(facts, count)
    merged_is_what_was_approved(facts)
    assert facts["audit"]["broken at"] is None, facts["audit"]


def stops_without_a_trace(product: Product) -> None:
    product.tree.process.terminate()
    assert product.tree.process.wait(30) == 0
    until(lambda: not product.processes(), "no process is left", seconds=5)


DUE = """SELECT branch, state, last_error FROM gitops_changeset
    WHERE next_run_at IS NOT NULL AND branch LIKE 'gatehouse/%'"""


def finished(product: Product) -> int:
    """How many of the requests are over."""
    merged = product.asked(
        f"SELECT 1 FROM tenants_request WHERE subject LIKE '{PREFIX}%' AND settled_at IS NOT NULL"  # noqa: S608
    )
    return len(merged)


def nothing_is_lost(facts: dict[str, Any], count: int) -> None:
    names = [f"{PREFIX}{n:02}" for n in range(count)]
    assert sorted(facts["requests"]) == names
    assert set(facts["requests"].values()) == {"merged"}
    assert facts["namespaces"] == names
    assert facts["names held"] == 0
    assert [row["state"] for row in facts["rows"]] == ["merged"] * count


def nothing_is_doubled(facts: dict[str, Any], count: int) -> None:
    """One pull request ever and one branch ever for each; all ours; no branch is left."""
    ours = {row["branch"]: row["pull"] for row in facts["rows"]}
    assert len(ours) == count
    assert {p["head"]: p["number"] for p in facts["pulls"]} == ours
    assert len(facts["pulls"]) == count
    assert {(p["state"], p["by"]) for p in facts["pulls"]} == {("merged", "gatehouse")}
    assert git(facts, "for-each-ref", "refs/heads/gatehouse") == b""


def merged_is_what_was_approved(facts: dict[str, Any]) -> None:
    wanted = [
        (f"{commit}:{path}", text)
        for row in facts["rows"]
        for path, text in row["files"].items()
        for commit in (row["commit"], row["merge_commit"], "main")
    ]
    assert len(wanted) >= len(facts["rows"]) * 3 * 3
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
