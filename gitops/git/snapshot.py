"""What a commit holds, and what differs between two: git's answers, read into values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitops.git.objects import REGULAR, ObjectMissing

_NO_MODE = "000000"


@dataclass(frozen=True, kw_only=True)
class TreeItem:
    """One file of a commit: git's mode and the id of its content.

    Anything but mode 100644 (100755 executable, 120000 symbolic link, 160000 submodule) is no
    file that the portal writes.
    """

    mode: str
    blob: str

    @property
    def regular(self) -> bool:
        """Whether it is a plain file."""
        return self.mode == REGULAR


def parse_ls_tree(output: bytes) -> dict[str, TreeItem]:
    """`git ls-tree -r -z`: `mode type id<TAB>path`, NUL after each."""
    items: dict[str, TreeItem] = {}
    for line in output.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, blob = head.decode().split(" ")
            items[as_text(path)] = TreeItem(mode=mode, blob=blob)
    return items


def parse_raw_diff(output: bytes) -> list[tuple[str, TreeItem | None]]:
    """`git diff-tree -r -z --raw --no-renames` of two trees; None for a path that went."""
    words = iter(output.split(b"\0"))
    return list(_entries(words))


def parse_raw_diffs(output: bytes) -> Mapping[str, dict[str, TreeItem | None]]:
    """The same, of `git diff-tree --stdin`: a commit's id comes before its entries."""
    diffs: dict[str, dict[str, TreeItem | None]] = {}
    current: dict[str, TreeItem | None] = {}
    words = iter(output.split(b"\0"))
    for word in words:
        if word.startswith(b":"):
            current[as_text(next(words))] = _item(word)
        elif word:
            current = diffs[word.decode().strip()] = {}
    return diffs


def _entries(words: Iterator[bytes]) -> Iterator[tuple[str, TreeItem | None]]:
    for word in words:
        if word:
            yield as_text(next(words)), _item(word)


def _item(word: bytes) -> TreeItem | None:
    """`:old-mode new-mode old-id new-id status`."""
    _, mode, _, blob, _ = word.decode().split(" ")
    return None if mode == _NO_MODE else TreeItem(mode=mode, blob=blob)


def parse_batch(output: bytes) -> dict[str, bytes]:
    """`git cat-file --batch`: `id type size<LF>content<LF>`. Raises ObjectMissing."""
    found: dict[str, bytes] = {}
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        words = output[position:end].decode().split(" ")
        if len(words) != 3:
            raise ObjectMissing(f"the object {words[0]} is not in the mirror")
        start, size = end + 1, int(words[2])
        found[words[0]] = output[start : start + size]
        position = start + size + 1
    return found


def as_text(path: bytes) -> str:
    """A path as text. One that is not UTF-8 is foreign to us, and shown with escapes."""
    return path.decode("utf-8", "backslashreplace")
