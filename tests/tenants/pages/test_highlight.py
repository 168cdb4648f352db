"""Colours and marks change nothing of a text."""

import html as entities
import re

from hypothesis import given
from hypothesis import strategies as st

from gitops.diff import DiffPart, diff_rows
from tenants.services.previewing import PreviewFile
from tenants.views.highlight import html, lines_of
from tenants.views.manifests import FileView

YAML = "apiVersion: v1\nkind: Namespace\n\n# a comment\nmetadata:\n  name: x\n"
texts = st.text(alphabet=st.sampled_from("abc: -#'\"\n\r\t<>&\u2028\x0b{}|>!%@é"), max_size=60)


def _plain(markup: str) -> str:
    return entities.unescape(re.sub(r"<[^>]*>", "", markup))


def _file(before: str | None, after: str | None) -> FileView:
    file = PreviewFile(
        repository_id=None,  # type: ignore[arg-type]
        repository="platform/fleet",
        branch="main",
        path="a/b.yaml",
        kind="modify",
        before=before,
        after=after,
        ownership="managed",
    )
    return FileView(file, "file-1", True)


def test_blank_lines_keep_their_numbers() -> None:
    lines = lines_of("a.yaml", f"\n\n{YAML}\n")
    assert ["".join(t for _, t in line) for line in lines] == f"\n\n{YAML}\n".split("\n")
    assert ("y-nt", "kind") in lines[3]


def test_only_prefixed_classes_come_out() -> None:
    classes = re.findall(
        r'class="([^"]+)"', "".join(html(line) for line in lines_of("a.yaml", YAML))
    )
    assert classes
    assert all(name.startswith("y-") for name in classes)


@given(texts, texts)
def test_nothing_of_a_line_is_lost_or_left_unescaped(old: str, new: str) -> None:
    for hunk in diff_rows(old, new):
        for row in hunk.rows:
            source, number = (old, row.before) if row.after is None else (new, row.after)
            markup = html(lines_of("a.yaml", source)[(number or 1) - 1], row.parts)
            assert _plain(markup) == row.text
            assert not re.search(r"<(?!/?(span|mark)\b)", markup)


@given(texts, texts)
def test_every_line_of_both_sides_is_shown_or_counted(old: str, new: str) -> None:
    lines = list(_file(old, new).lines)
    gaps = sum(line.gap for line in lines)
    for side, text in (("before", old), ("after", new)):
        shown = [getattr(line, side) for line in lines if getattr(line, side) is not None]
        whole = len(re.findall(r"[^\n]*\n|[^\n]+", text))
        assert shown == sorted(shown)
        if old != new:
            assert len(shown) + gaps == whole, (side, shown, gaps, whole)


def test_changed_words_are_marked() -> None:
    view = _file('  requests.cpu: "8"\n', '  requests.cpu: "6"\n')
    removed, added = view.lines
    assert "<mark>" in removed.content
    assert _plain(re.findall("<mark>(.*?)</mark>", added.content)[0]) == "6"
    assert (removed.word, added.word) == ("removed", "added")


def test_marks_may_cut_through_tokens() -> None:
    parts = (DiffPart(text="ki"), DiffPart(text="nd: N", changed=True), DiffPart(text="s"))
    markup = html(lines_of("a.yaml", "kind: Ns")[0], parts)
    assert _plain(markup) == "kind: Ns"
    assert _plain(re.findall("<mark>(.*?)</mark>", markup)[0]) == "nd: N"
