"""Nothing that people write becomes HTML, an address that runs something, or a second field."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.forges.local import pulls
from portal.localforge import texts
from tests.portal.localforge.conftest import Browser, Far
from tests.portal.localforge.test_pages import text

NASTY = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'{{ 7 }}{% now "Y" %}'
LINKS = (
    "[a](javascript:alert(1)) [b](//evil.example/x) [c](data:text/html,x) [d](/\\evil.example)"
    ' [e](https://ok.example/"onmouseover="alert(1)) ![f](https://ok.example/i.png)'
    " [g](JAVASCRIPT:alert) <a href=javascript:x>h</a> https://ok.example/<b>"
)
BODY = f"# {NASTY}\n\n{NASTY}\n\n- {NASTY}\n1. {NASTY}\n\n> {NASTY}\n\n| {NASTY} | b |\n|---|---|\n\
| {NASTY} | `{NASTY}` |\n\n```{NASTY}\n{NASTY}\n```\n**{NASTY}** {LINKS}\n"
_SAFE_LINK = re.compile(r"(?:https?://|/(?![/\\])|\?|#)")


class Reader(HTMLParser):
    """Collects what a browser would act upon."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "inline")


def assert_harmless(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert all(src.startswith("/static/") for src in reader.scripts)
    assert not reader.tags & {"img", "iframe", "object", "b", "embed", "base"}
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name == "style"]
    links = [value for name, value in reader.attributes if name in ("href", "action", "formaction")]
    assert not [link for link in links if not _SAFE_LINK.match(link)]
    assert "{{ 7 }}" in page or NASTY not in page


def test_titles_bodies_comments_paths_and_branches(browser: Browser, far: Far) -> None:
    head = "x/#@+=y"
    path = "a b/'\"<img src=x onerror=alert(3)>&?#%41.yaml"
    far.offer(head, {path: f"k: {NASTY}\n"}, title=NASTY, body=BODY)
    pulls.comment(far.bare(), 2, BODY, by="carol")
    client = browser("bob")
    page = text(client.get("/forge/platform/fleet/pulls/2/"))
    assert_harmless(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 }}" in page
    for address in ("/forge/", "/forge/platform/fleet/", "/forge/platform/fleet/pulls/"):
        assert_harmless(text(client.get(address)))
    merged = client.post("/forge/platform/fleet/pulls/2/merge/")
    assert merged.status_code == 302
    front = text(client.get("/forge/platform/fleet/"))  # the title is now a commit's message
    assert_harmless(front)
    # Every link of the listings leads to what it names, whatever letters are in it.
    [branch] = re.findall(r'href="(/forge/platform/fleet/tree/x/[^"]*)"', front)
    inside = text(client.get(branch))
    [folder] = re.findall(r'href="([^"]*/a%20b)"', inside)
    listing = text(client.get(folder))
    assert_harmless(listing)
    [file] = re.findall(r'href="([^"]*\.yaml)"', listing)
    shown = text(client.get(file.replace("&#x27;", "'").replace("&amp;", "&")))
    assert_harmless(shown)
    assert '<span class="y-nt">k</span>' in shown


def test_a_readme_is_drawn_as_harmlessly(browser: Browser, far: Far) -> None:
    far.work().commit("main", {"README.md": BODY}, onto="origin/main", message="Readme")
    page = text(browser("bob").get("/forge/platform/fleet/"))
    assert_harmless(page)
    assert "&lt;img src=x onerror=alert(2)&gt;" in page


def test_links_lead_to_web_pages_only() -> None:
    pieces = [p for b in texts.blocks(LINKS) for line in b.lines for p in line]
    assert [p.target for p in pieces if p.kind == "link"] == [
        "https://ok.example/",
        "https://ok.example/i.png",
        "https://ok.example/",
    ]


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("", []),
        ("one\ntwo\n\nthree", ["paragraph", "paragraph"]),
        ("# a\n## b #\ntext", ["heading", "heading", "paragraph"]),
        ("```text\n> # no heading\n```", ["code"]),
        ("````\n```\nstill\n````\nafter", ["code", "paragraph"]),
        ("```\nnever closed", ["code"]),
        ("| | |\n|---|---|\n| a | b |", ["table"]),
        ("a | b\nno ruler", ["paragraph"]),
        ("- a\n- b\n1. c\n", ["list", "steps"]),
        ("<!-- gatehouse:request=1 -->\n", []),
        ("<!-- never closed\n# hidden", []),
        ("> said\n> more", ["quote"]),
        ("\\# no heading", ["paragraph"]),
    ],
)
def test_blocks(written: str, kinds: list[str]) -> None:
    assert [block.kind for block in texts.blocks(written)] == kinds


def test_tables_and_lines() -> None:
    [table] = texts.blocks("| | |\n|---|---|\n| a \\| b | `c` |\n| short |\n| 1 | 2 | 3 |")
    assert table.head == ()
    assert [["".join(p.text for p in cell) for cell in row] for row in table.rows] == [
        ["a | b", "c"], ["short", ""], ["1", "2"],
    ]  # fmt: skip
    [paragraph] = texts.blocks("See https://a.example/x. **Strong** and [this](/requests/1/)")
    assert [(p.kind, p.text, p.target) for p in paragraph.lines[0]] == [
        ("text", "See ", ""),
        ("link", "https://a.example/x", "https://a.example/x"),
        ("text", ". ", ""),
        ("strong", "Strong", ""),
        ("text", " and ", ""),
        ("link", "this", "/requests/1/"),
    ]
    [steps] = texts.blocks("3. c\n4. d")
    assert (steps.kind, steps.start) == ("steps", 3)


@given(st.text(alphabet="ab#`~|-*[]()<>!\\:/ .1\n\t\"'", max_size=300))
@settings(max_examples=150, deadline=None)
def test_every_text_is_read_to_its_end(written: str) -> None:
    for block in texts.blocks(written):
        for line in (*block.lines, *block.head, *(cell for row in block.rows for cell in row)):
            for piece in line:
                assert piece.kind != "link" or _SAFE_LINK.match(piece.target)


@pytest.mark.parametrize(
    "unit", ["#", "# ", "`", "**", "[", "[a](", "|", "- ", "|-", "~", "\\", ">", "<!--", "1", "`a"]
)
def test_hostile_lengths_are_cheap(unit: str) -> None:
    for joint in ("", "\n"):
        long = (unit + joint) * (25_000 // len(unit + joint))
        before = time.process_time()
        texts.blocks(f"# {long}\n{long}")
        assert time.process_time() - before < 1
