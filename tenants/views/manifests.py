"""The files of a proposal as a page shows them: by repository, as tree, as text and as diff."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from django.utils.safestring import SafeString

from gitops.diff import DiffHunk, DiffRow, RowKind, diff_rows
from tenants.proposals import RepositoryBase
from tenants.services.previewing import PreviewFile
from tenants.views.highlight import html, lines_of

_SIGNS = {
    RowKind.CONTEXT: ("", ""),
    RowKind.ADDED: ("+", "added"),
    RowKind.REMOVED: ("−", "removed"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table. `word` is what a screen reader hears instead of the colour.

    A row with `gap` stands for that many unchanged lines and has nothing else.
    """

    gap: int = 0
    before: int | None = None
    after: int | None = None
    kind: str = ""
    sign: str = ""
    word: str = ""
    content: SafeString = field(default_factory=SafeString)
    ends_without_newline: bool = False


@dataclass(frozen=True)
class FileView:
    """One file of a proposal. `first` says that its diff is open when the page opens."""

    file: PreviewFile
    anchor: str
    first: bool

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return self.file.kind

    @property
    def before_unknown(self) -> bool:
        """There is a text before, and the portal never kept it: the diff would be a lie."""
        return self.file.before_blob is not None and self.file.before is None

    @property
    def word(self) -> str:
        return {"add": "new", "modify": "changed", "delete": "removed"}[self.kind]

    @cached_property
    def hunks(self) -> tuple[DiffHunk, ...]:
        return diff_rows(self.file.before, self.file.after)

    @cached_property
    def added(self) -> int:
        return self._count(RowKind.ADDED)

    @cached_property
    def removed(self) -> int:
        return self._count(RowKind.REMOVED)

    def _count(self, kind: RowKind) -> int:
        return sum(row.kind is kind for hunk in self.hunks for row in hunk.rows)

    @property
    def lines(self) -> Iterator[Line]:
        """The diff, with a line for each stretch that is left out."""
        shown = 0
        for hunk in self.hunks:
            first = max(hunk.before_start, 1)
            if hunk.before_count and first - 1 > shown:
                yield Line(gap=first - 1 - shown)
            yield from (self._line(row) for row in hunk.rows)
            shown = first - 1 + hunk.before_count
        before = self.file.before or ""
        total = before.count("\n") + (before[-1:] not in ("", "\n"))
        if self.file.after is not None and total > shown:
            yield Line(gap=total - shown)

    def _line(self, row: DiffRow) -> Line:
        old = row.kind is RowKind.REMOVED
        text = (self.file.before if old else self.file.after) or ""
        number = (row.before if old else row.after) or 1
        sign, word = _SIGNS[row.kind]
        return Line(
            before=row.before,
            after=row.after,
            kind="" if row.kind is RowKind.CONTEXT else str(row.kind),
            sign=sign,
            word=word,
            content=html(lines_of(self.path, text)[number - 1], row.parts),
            ends_without_newline=row.ends_without_newline,
        )

    @property
    def text(self) -> SafeString:
        """The whole text after the change, coloured."""
        lines = lines_of(self.path, self.file.after or "")
        return SafeString("\n".join(html(line) for line in lines).rstrip("\n"))


@dataclass(frozen=True)
class Leaf:
    """A line of the tree: a directory with `children`, or a file."""

    name: str
    children: tuple["Leaf", ...] = ()
    file: FileView | None = None


@dataclass(frozen=True, kw_only=True)
class RepositoryView:
    """The files of one branch of one repository, and the commit they were compared with."""

    repository: str
    branch: str
    commit: str
    files: tuple[FileView, ...]

    @property
    def tree(self) -> tuple[Leaf, ...]:
        return tuple(_leaves([(f.path.split("/"), f) for f in self.files]))


def _leaves(entries: Sequence[tuple[list[str], FileView]]) -> Iterator[Leaf]:
    """Directories that hold one thing only share a line with it, so that trees stay short."""
    for name, group in groupby(entries, key=lambda entry: entry[0][0]):
        inside = list(group)
        parts, file = inside[0]
        if len(parts) == 1:
            yield Leaf(name=name, file=file)
            continue
        children = tuple(_leaves([(p[1:], f) for p, f in inside]))
        if len(children) == 1 and children[0].children:
            yield Leaf(name=f"{name}/{children[0].name}", children=children[0].children)
        else:
            yield Leaf(name=f"{name}/", children=children)


def by_repository(
    files: Iterable[PreviewFile], bases: Iterable[RepositoryBase]
) -> tuple[RepositoryView, ...]:
    """Files grouped and sorted; in the order of `bases`, so that the platform's come first."""
    commits = {(b.repository, b.branch): b.commit for b in bases}
    order = {key: position for position, key in enumerate(commits)}
    placed = sorted(files, key=lambda f: (order.get((f.repository, f.branch), 99), f.path))
    views = [FileView(f, f"file-{n}", n == 1) for n, f in enumerate(placed, 1)]
    return tuple(
        RepositoryView(
            repository=repository,
            branch=branch,
            commit=commits.get((repository, branch), ""),
            files=tuple(group),
        )
        for (repository, branch), group in groupby(
            views, key=lambda v: (v.file.repository, v.file.branch)
        )
    )
