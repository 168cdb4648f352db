"""The hand-written pages: what they name is there, and every page can be reached."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands

from portal.environment import VARIABLES
from portal.up.banner import ACCOUNTS

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"))
)
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
OURS = ("portal", "tenants", "gitops")

_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TOP = "|".join((*OURS, "tests", "docs", "templates", r"\.ci"))
_PATH = re.compile(rf"(?:{_TOP})/[A-Za-z0-9_./-]*")
_DOTTED = re.compile(r"(?:portal|tenants|gitops)(?:\.\w+)+")
_MANAGE = re.compile(r"manage\.py (\w+)")
_MAKE = re.compile(r"\bmake ([a-z]+)\b")
_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?==)|\bGATEHOUSE_[A-Z_]+")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def words(page: str) -> Iterator[str]:
    """What stands in backticks outside of fences."""
    yield from _CODE.findall(_FENCE.sub("", text_of(page)))


def shown(page: str) -> str:
    """Everything that is a command or a name: fences and backticks."""
    return "\n".join([*_FENCE.findall(text_of(page)), *words(page)])


def links(page: str) -> Iterator[tuple[Path, str]]:
    """The files a page links to, with the anchor."""
    for found in _LINK.finditer(_FENCE.sub("", text_of(page))):
        target, _, anchor = found["target"].partition("#")
        if "://" not in found["target"]:
            yield ((ROOT / page).parent / target).resolve() if target else ROOT / page, anchor


def anchors(path: Path) -> set[str]:
    """The anchors forges make of headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), (target, anchor)


def test_every_page_is_reached_from_the_readme() -> None:
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            todo += [target for target, _ in links(page.relative_to(ROOT).as_posix())]
    assert {(ROOT / page).resolve() for page in PAGES} <= seen


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page: str) -> None:
    for word in words(page):
        if found := _PATH.fullmatch(word):
            assert (ROOT / found[0]).exists(), found[0]


@pytest.mark.parametrize("page", PAGES)
def test_dotted_names_exist(page: str) -> None:
    for word in words(page):
        if _DOTTED.fullmatch(word):
            assert _resolves(word), word


def _resolves(word: str) -> bool:
    parts = word.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    targets = re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE)
    assert set(_MANAGE.findall(shown(page))) <= set(get_commands())
    assert set(_MAKE.findall(shown(page))) <= set(targets)


@pytest.mark.parametrize("page", PAGES)
def test_settings_exist(page: str) -> None:
    known = {variable.name for variable in VARIABLES} | {"GOLDEN_UPDATE"}
    named = set(_NAME.findall(shown(page)))
    assert {n for n in named if n not in known and n.removesuffix("_FILE") not in known} == set()


def test_each_of_our_commands_is_explained() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert ours <= set(_MANAGE.findall(text_of("docs/running.md")))


def test_the_demo_accounts_are_the_ones_the_program_prints() -> None:
    readme = text_of("README.md")
    assert all(f"`{username}`" in readme for username, _ in ACCOUNTS)


def test_decisions_are_short_dated_numbered_and_listed() -> None:
    listed = text_of("docs/decisions/README.md")
    for number, path in enumerate(DECISIONS, start=1):
        text = path.read_text(encoding="utf-8")
        assert path.name.startswith(f"{number:04}-")
        assert len(text.splitlines()) < 40
        heading, date = re.match(r"# \d+\. (.+)\n\n(\d{4}-\d\d-\d\d)\n", text).groups()  # type: ignore[union-attr]
        assert text.startswith(f"# {number}. ")
        assert f"{number}. [{heading}]({path.name})" in listed, date


def test_the_map_has_every_package() -> None:
    code_map = text_of("README.md").partition("## Map of the code")[2]
    for package in OURS:
        assert f"`{package}/" in code_map
