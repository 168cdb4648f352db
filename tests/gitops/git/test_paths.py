"""Names that must not reach git, or a tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import Cause
from gitops.git.paths import (
    PathConflict,
    UnsafeName,
    ancestors,
    check_branch,
    check_id,
    check_path,
    check_paths,
    check_pattern,
)

GOOD_PATHS = ["a", "a/b.yaml", ".github/CODEOWNERS", ".gitignore", "ü/é.md", "a b/c", 'a"b', "-x",
              "tenants/prod-1/team-a/sync.yaml", "git", "x.git/y"]  # fmt: skip
BAD_PATHS = [
    "", "/abs", "a//b", "a/", "./a", "a/./b", "../a", "a/../b", "..", ".git", ".git/config",
    ".GIT/config", ".Git/hooks/x", "a/.git/config", "git~1/x", "GIT~2", ".git /x", ".git./x",
    ".git. ./config", ".g\u200cit/config", "\ufeff.git/x", ".\uff27it/x", ".git::$INDEX_ALLOCATION",
    ".git\\config", "a\\..\\b", "C:/x", "a\nb", "a\x00b", "a\x7fb", "a\u202eb", "\udcff",
    "a\u2028b", ".gitmodules", "x/.GITMODULES", "a" * 256, "/".join(["abc"] * 2000),
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_good_paths(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize("path", BAD_PATHS)
def test_bad_paths(path: str) -> None:
    with pytest.raises(PathConflict) as conflict:
        check_path(path)
    assert conflict.value.cause is Cause.CONFLICT


@given(st.text(max_size=30))
def test_no_text_is_too_strange(path: str) -> None:
    """Whatever the text, the answer is a path that stays inside, or a conflict."""
    try:
        check_path(path)
    except PathConflict:
        return
    assert not path.startswith("/")
    assert not {"", ".", "..", ".git"} & {segment.casefold() for segment in path.split("/")}


def test_a_draft_cannot_contradict_itself() -> None:
    check_paths(["a/b", "a/c", "ab"])
    with pytest.raises(PathConflict, match="twice"):
        check_paths(["a", "a"])
    with pytest.raises(PathConflict, match="is a file"):
        check_paths(["a/b/c", "a/b"])
    assert ancestors("a/b/c") == ("a", "a/b")


@pytest.mark.parametrize(
    "name", ["main", "gatehouse/team-a/12-abcdef01", "release/1.2", "a@b", "x+y"]
)
def test_good_branches(name: str) -> None:
    assert check_branch(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "-x", "--upload-pack=touch x", "--force", "+main", "a b", "a..b", "a:b", "a~1", "a^",
        "a?", "a*", "a[b", "a\\b", "a\nb", "/a", "a/", "a//b", "a.", ".a", "a/.b", "a.lock",
        "a.lock/b", "@", "a@{1}", "ü", "a" * 300, ":main", "main:evil",
    ],
)  # fmt: skip
def test_bad_branches(name: str) -> None:
    with pytest.raises(UnsafeName):
        check_branch(name)


@pytest.mark.parametrize(
    "text", ["", "main", "HEAD", "a" * 39, "A" * 40, "a" * 41, "-" * 40, "a" * 40 + "\n"]
)
def test_only_whole_ids(text: str) -> None:
    with pytest.raises(UnsafeName):
        check_id(text)


@pytest.mark.parametrize(
    "text", ["--upload-pack=x", "main", "refs/../x", "refs/heads/a b", "refs/[a]"]
)
def test_only_whole_patterns(text: str) -> None:
    with pytest.raises(UnsafeName):
        check_pattern(text)
