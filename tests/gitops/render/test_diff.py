"""Differences: what `git apply` makes of them is the new text, and rows tell the same."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.diff import DiffHunk, RowKind, diff_rows, unified_diff

_lines = st.lists(st.sampled_from(["a", "b", "- c", "+d", " e", "", "\u2028x", "y\r"]), max_size=12)
_texts = (
    st.none() | _lines.map("\n".join) | _lines.map(lambda ls: "".join(f"{line}\n" for line in ls))
)


def _apply(folder: Path, before: str | None, patch: str) -> str | None:
    """The file after `git apply`, which is not our code."""
    target = folder / "dir" / "x.yaml"
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    if before is not None:
        target.write_bytes(before.encode())
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    environment = {"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        command, cwd=folder, env=environment, input=patch.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stderr, patch)
    return target.read_bytes().decode() if target.exists() else None


@settings(max_examples=40, deadline=None)
@given(_texts, _texts)
def test_git_makes_the_new_text_of_it(
    tmp_path_factory: pytest.TempPathFactory, before: str | None, after: str | None
) -> None:
    patch = unified_diff("dir/x.yaml", before, after)
    if before == after:
        assert patch == ""
        return
    assert _apply(tmp_path_factory.mktemp("diff"), before, patch) == after


def _sides(hunks: tuple[DiffHunk, ...]) -> tuple[dict[int, str], dict[int, str]]:
    """Line number to text, as the rows tell it, before and after."""
    rows = [row for hunk in hunks for row in hunk.rows]
    before = {row.before: row.text for row in rows if row.before is not None}
    after = {row.after: row.text for row in rows if row.after is not None}
    return before, after


@settings(max_examples=200, deadline=None)
@given(_texts, _texts, st.integers(0, 3))
def test_rows_are_lines_of_the_texts(before: str | None, after: str | None, context: int) -> None:
    hunks = diff_rows(before, after, context)
    old, new = _sides(hunks)
    for text, shown in ((before, old), (after, new)):
        lines = (text or "").split("\n")
        assert all(lines[number - 1] == line for number, line in shown.items())
    for hunk in hunks:
        assert sum(row.before is not None for row in hunk.rows) == hunk.before_count
        assert sum(row.after is not None for row in hunk.rows) == hunk.after_count
        for row in hunk.rows:
            assert (row.before is None) is (row.kind is RowKind.ADDED)
            assert (row.after is None) is (row.kind is RowKind.REMOVED)


def test_changed_words_are_marked() -> None:
    (hunk,) = diff_rows("a: 1\nname: iris-blue\n", "a: 1\nname: iris-red\n")
    removed, added = hunk.rows[1:]
    assert [(p.text, p.changed) for p in removed.parts] == [("name: iris-", False), ("blue", True)]
    assert [(p.text, p.changed) for p in added.parts] == [("name: iris-", False), ("red", True)]


def test_unlike_lines_are_not_marked_word_by_word() -> None:
    (hunk,) = diff_rows("abc def\n", "1 2 3 4\n")
    assert [[p.changed for p in row.parts] for row in hunk.rows] == [[False], [False]]


def test_new_and_removed_files() -> None:
    (hunk,) = diff_rows(None, "a\nb")
    assert hunk.header == "@@ -0,0 +1,2 @@"
    assert [row.ends_without_newline for row in hunk.rows] == [False, True]
    assert "new file mode" in unified_diff("x", None, "a\n")
    assert "+++ /dev/null" in unified_diff("x", "a\n", None)
    assert diff_rows("a\n", "a\n") == diff_rows(None, "") == ()


def test_a_line_ends_at_lf_only() -> None:
    """Or a separator nobody sees could hide a line from the reviewer."""
    (hunk,) = diff_rows("", "a\u2028b\rc\x0bd\n")
    assert len(hunk.rows) == 1


def test_long_lines_do_not_take_forever() -> None:
    (hunk,) = diff_rows("a b " * 50_000 + "\n", "b a " * 50_000 + "\n")
    assert [len(row.parts) for row in hunk.rows] == [1, 1]
