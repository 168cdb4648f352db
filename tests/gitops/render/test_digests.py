"""Digests: the promised value, and a different one for anything a person could have seen differ."""

import dataclasses
import hashlib
import json
from itertools import permutations
from typing import Any

import pytest

from gitops.changes import FileChange, change_set_digest, request_digest
from gitops.spec import Ownership

CHANGES = [
    FileChange(path="b", before=None, after="é\n"),
    FileChange(path="a", before="1" * 40, after=None),
    FileChange(path="c", before="2" * 40, after="x"),
]
BASE = change_set_digest("repository-1", "main", CHANGES)


def test_the_value_is_written_down() -> None:
    """Computed by hand from the description; stored approvals depend on it for years."""
    text = (
        '{"branch":"main","files":['
        '{"after":null,"before":"' + "1" * 40 + '","path":"a"},'
        '{"after":"\\u00e9\\n","before":null,"path":"b"},'
        '{"after":"x","before":"' + "2" * 40 + '","path":"c"}],"repository":"repository-1"}'
    )
    assert json.loads(text)
    assert "sha256:" + hashlib.sha256(text.encode()).hexdigest() == BASE
    assert BASE == "sha256:fe49499d20d241c559636223db316a822f84e2dfeea70c88a583dc02622b522e"


def test_order_does_not_matter() -> None:
    assert {change_set_digest("repository-1", "main", c) for c in permutations(CHANGES)} == {BASE}
    assert request_digest(["a", "b"]) == request_digest(["b", "a"])


@pytest.mark.parametrize(
    "difference",
    [{"path": "d"}, {"before": "3" * 40}, {"before": None}, {"after": "y"}, {"after": None}],
)
def test_every_difference_counts(difference: dict[str, Any]) -> None:
    changed = [*CHANGES[:2], dataclasses.replace(CHANGES[2], **difference)]
    assert change_set_digest("repository-1", "main", changed) != BASE


def test_where_it_goes_counts() -> None:
    others = {
        change_set_digest("repository-2", "main", CHANGES),
        change_set_digest("repository-1", "next", CHANGES),
        change_set_digest("repository-1", "main", CHANGES[:2]),
        change_set_digest("repository-1main", "", CHANGES),
    }
    assert len(others | {BASE}) == 5


def test_who_keeps_a_file_afterwards_does_not() -> None:
    seeded = [dataclasses.replace(c, ownership=Ownership.SEEDED) for c in CHANGES]
    assert change_set_digest("repository-1", "main", seeded) == BASE


def test_a_requests_digest_is_of_all_its_change_sets() -> None:
    found = {request_digest(d) for d in ([], ["a"], ["b"], ["a", "b"], ["a", "a"], ["ab"])}
    assert len(found) == 6
