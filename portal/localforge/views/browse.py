"""What is in a repository: directories and files of its branches, commits, where to clone."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from gitops.forges.local.following import open_numbers
from portal.localforge import browsing, texts
from portal.localforge.browsing import Entry, Spot
from portal.localforge.places import clone_url
from portal.localforge.views.common import Visit, repository_page
from tenants.views.highlight import html, lines_of

COMMITS = 8
_READMES = ("README.md", "README", "README.txt", "readme.md")


@dataclass(frozen=True, kw_only=True)
class Crumb:
    """A directory above the one shown; `rest` is what its address ends in, branch included."""

    name: str
    rest: str


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """A line of a directory; without `rest` it cannot be opened."""

    entry: Entry
    rest: str


@repository_page
def repository(request: HttpRequest, found: Visit) -> HttpResponse:
    """The repository's front page: the default branch's root, its README, where to clone."""
    spot = browsing.tip(found.bare, found.facts.default_branch)
    return _show_directory(request, found, spot, "")


@repository_page
def tree(request: HttpRequest, found: Visit, rest: str) -> HttpResponse:
    """A directory or file of a branch."""
    spot = browsing.find(found.bare, rest)
    if not spot.path:
        return _show_directory(request, found, spot, "")
    entry = browsing.entry(found.bare, spot)
    if entry.is_directory:
        return _show_directory(request, found, spot, entry.oid)
    return _show_file(request, found, spot, entry)


def _show_directory(
    request: HttpRequest, found: Visit, spot: Spot | None, tree_id: str
) -> HttpResponse:
    entries = browsing.directory(found.bare, spot, tree_id) if spot else ()
    context = {
        **_frame(found, spot),
        "lines": [_line(spot, e) for e in entries[: browsing.ENTRIES_LIMIT]] if spot else [],
        "more": max(0, len(entries) - browsing.ENTRIES_LIMIT),
        "readme": _readme(found, entries),
        "commits": browsing.commits(found.bare, spot, limit=COMMITS) if spot else (),
        "branches": browsing.branches(found.bare),
        "open_pulls": len(open_numbers(found.bare)),
        "clone_url": clone_url(found.path),
    }
    return render(request, "forge/repository.html", context)


def _show_file(request: HttpRequest, found: Visit, spot: Spot, entry: Entry) -> HttpResponse:
    text, note = browsing.text_of(found.bare, entry)
    context = {
        **_frame(found, spot),
        "entry": entry,
        "note": note,
        "lines": _coloured(spot.path, text),
        "commits": browsing.commits(found.bare, spot, limit=1),
    }
    return render(request, "forge/file.html", context)


def _frame(found: Visit, spot: Spot | None) -> dict[str, object]:
    """What every page inside a repository shows of it, and the way down to the spot."""
    return {"repository": found.facts, "spot": spot, "trail": _trail(spot) if spot else ()}


def _trail(spot: Spot) -> tuple[Crumb, ...]:
    parts = spot.path.split("/") if spot.path else []
    return tuple(
        Crumb(name=name, rest=f"{spot.branch}/{'/'.join(parts[: depth + 1])}")
        for depth, name in enumerate(parts)
    )


def _line(spot: Spot, entry: Entry) -> EntryLine:
    here = f"{spot.branch}/{spot.path}/" if spot.path else f"{spot.branch}/"
    return EntryLine(entry=entry, rest=here + entry.name if entry.text else "")


def _readme(found: Visit, entries: tuple[Entry, ...]) -> tuple[texts.Block, ...]:
    named = {entry.name: entry for entry in entries if not entry.kind and not entry.is_directory}
    for name in _READMES:
        if name in named:
            text, _ = browsing.text_of(found.bare, named[name])
            return texts.blocks(text)
    return ()


def _coloured(path: str, text: str) -> list[SafeString]:
    lines = lines_of(path, text.removesuffix("\n")) if text else ()
    return [html(line) for line in lines]
