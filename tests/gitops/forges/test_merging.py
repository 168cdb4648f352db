"""Merging and following on the local forge, beyond what the contract asks."""

import pytest

from gitops.errors import Cause
from gitops.forges.base import (
    Archived,
    Invalid,
    Missing,
    PullRequestDraft,
    PullRequestState,
)
from gitops.forges.local import contents, following, merging, pulls
from gitops.forges.local.bare import Bare, Move
from gitops.forges.local.documents import Action
from tests.gitops.forges.clone import git
from tests.gitops.forges.conftest import Branches, LocalFarSide


def open_pull(far: LocalFarSide, head: str, title: str = "Title") -> int:
    draft = PullRequestDraft(head=head, base="main", title=title)
    return pulls.open_pull(far.bare, draft, by="gatehouse").number


def log(far: LocalFarSide, form: str, *args: str) -> str:
    return git("log", f"--format={form}", *args, cwd=far.bare.directory)


def test_a_merge_commit_has_both_parents_and_says_who(far: LocalFarSide) -> None:
    head = far.push("x", {"x": "1\n"})
    base = far.push("main", {"y": "1\n"})
    merging.merge(far.bare, open_pull(far, "x", "A\n title"), by="bob <b>\n")
    assert log(far, "%P|%an|%cn|%s|%b", "-1", "main") == (
        f"{base} {head}|bob b|bob b|Merge pull request #1 from x|A title"
    )
    assert git("ls-tree", "--name-only", "main", cwd=far.bare.directory).split("\n") == [
        "README.md", "clusters", "x", "y",
    ]  # fmt: skip
    git("fsck", "--strict", cwd=far.bare.directory)


def test_a_merge_of_a_source_that_has_it_all_is_still_a_merge_commit(far: LocalFarSide) -> None:
    base = far.branch("main")
    head = far.push("x", {"x": "1\n"})
    merging.merge(far.bare, open_pull(far, "x"), by="bob")
    assert log(far, "%P", "-1", "main") == f"{base} {head}"


def test_a_squash_is_one_commit_and_keeps_the_trailers(far: LocalFarSide) -> None:
    base = far.branch("main")
    message = "Add namespace\n\nWhy: because\n\nGatehouse-Request: 17"
    far.clone.commit("x", {"x": "1\n"}, onto="origin/main", message=message)
    merging.squash(far.bare, open_pull(far, "x"), by="bob")
    assert log(far, "%P|%B", "-1", "main").strip() == (
        f"{base}|Title (#1)\n\nWhy: because\n\nGatehouse-Request: 17"
    )
    assert git("interpret-trailers", "--parse", cwd=far.bare.directory) == ""
    trailers = log(far, "%(trailers:key=Gatehouse-Request,valueonly)", "-1", "main")
    assert trailers == "17"


def test_a_squash_of_several_commits_lists_them(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    far.push("x", {"x": "2\n"})
    merging.squash(far.bare, open_pull(far, "x"), by="bob")
    assert log(far, "%B", "-1", "main") == "Title (#1)\n\n* Change x\n\n* Change x"


def test_a_conflict_is_told_with_its_paths_and_changes_nothing(far: LocalFarSide) -> None:
    far.push("x", {"both": "1\n", "b/too": "1\n", "mine": "1\n"})
    number = open_pull(far, "x")
    assert merging.conflicts(far.bare, pulls.get(far.bare, number)) == ()
    before = far.push("main", {"both": "2\n", "b/too": "2\n", "yours": "2\n"})
    assert merging.conflicts(far.bare, pulls.get(far.bare, number)) == ("b/too", "both")
    for land in (merging.merge, merging.squash):
        with pytest.raises(merging.MergeConflict, match="b/too, both") as caught:
            land(far.bare, number, by="bob")
        assert caught.value.paths == ("b/too", "both")
        assert caught.value.cause is Cause.CONFLICT
    assert far.branch("main") == before
    assert pulls.get(far.bare, number).is_open


@pytest.mark.parametrize("state", ["closed", "merged"])
def test_what_is_not_open_is_not_merged(far: LocalFarSide, state: str) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    if state == "closed":
        pulls.close(far.bare, number, by="bob")
    else:
        merging.merge(far.bare, number, by="bob")
    before = far.branch("main")
    for land in (merging.merge, merging.squash):
        with pytest.raises(merging.NotMergeable, match=state):
            land(far.bare, number, by="bob")
    assert far.branch("main") == before


def test_what_was_closed_with_git_meanwhile_is_not_merged(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    far.delete_branch("x")
    with pytest.raises(merging.NotMergeable, match="closed"):
        merging.merge(far.bare, number, by="bob")
    assert pulls.get(far.bare, number).state is PullRequestState.CLOSED
    with pytest.raises(Missing):
        merging.merge(far.bare, 99, by="bob")


def test_an_archived_repository_is_not_merged_into(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    far.archive()
    before = far.branch("main")
    with pytest.raises(Archived):
        merging.merge(far.bare, number, by="bob")
    assert far.branch("main") == before


def test_a_push_that_comes_between_is_kept(
    far: LocalFarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    original = Bare.move_refs
    pushed: list[str] = []

    def move_refs(self: Bare, *moves: Move) -> bool:
        if moves[0].ref == "refs/heads/main" and not pushed:
            pushed.append(far.push("main", {"between": "1\n"}))
        return original(self, *moves)

    monkeypatch.setattr(Bare, "move_refs", move_refs)
    pull = merging.merge(far.bare, number, by="bob")
    assert log(far, "%P", "-1", "main") == f"{pushed[0]} {pull.head_commit}"
    assert pull.merge_commit == far.branch("main")


def test_the_last_push_before_a_merge_with_plain_git_counts(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    head = far.push("x", {"x": "2\n"})
    commit = far.push_merge("x", "main", fast_forward=True)
    pull = pulls.get(far.bare, number)
    assert (pull.state, pull.head_commit, pull.merge_commit) == (
        PullRequestState.MERGED, head, commit,
    )  # fmt: skip


def test_a_rebase_merged_with_plain_git_before_anybody_looked_is_a_merge(
    far: LocalFarSide,
) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    far.push("main", {"y": "1\n"})
    rebased = far.rewrite("x", {"x": "1\n"})
    commit = far.push_merge("x", "main", fast_forward=True)
    assert commit == rebased
    pull = pulls.get(far.bare, number)
    assert (pull.state, pull.merge_commit) == (PullRequestState.MERGED, commit)


def test_following_all_finds_what_changed_and_logs_it_once(
    far: LocalFarSide, branches: Branches
) -> None:
    names = ["pushed", "gone", "merged", "same", "back"]
    branches(names)
    numbers = {name: open_pull(far, name) for name in names}
    far.push("pushed", {"p": "1\n"})
    far.push_merge("merged", "main")
    far.delete_branch("gone")
    far.reset("back")
    changed = {pull.head: pull.history[-1].action for pull in following.follow_all(far.bare)}
    assert changed == {
        "pushed": Action.PUSHED,
        "gone": Action.CLOSED,
        "merged": Action.MERGED,
        "back": Action.CLOSED,
    }
    assert following.follow_all(far.bare) == ()
    assert following.open_numbers(far.bare) == sorted([numbers["pushed"], numbers["same"]])


def test_a_target_branch_that_went_closes(far: LocalFarSide) -> None:
    far.push("release", {"r": "1\n"})
    far.push("x", {"x": "1\n"})
    draft = PullRequestDraft(head="x", base="release", title="x")
    number = pulls.open_pull(far.bare, draft, by="gatehouse").number
    far.delete_branch("release")
    assert [pull.number for pull in following.follow_all(far.bare)] == [number]
    assert pulls.get(far.bare, number).history[-1].text == following.BASE_GONE


def test_reopening_what_cannot_be(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    merging.merge(far.bare, number, by="bob")
    with pytest.raises(Invalid, match="merged"):
        pulls.reopen(far.bare, number, by="bob")
    far.push("y", {"y": "1\n"})
    other = open_pull(far, "y")
    pulls.close(far.bare, other, by="bob")
    far.push_merge("y", "main")
    with pytest.raises(Invalid, match="everything"):
        pulls.reopen(far.bare, other, by="bob")
    assert pulls.get(far.bare, other).state is PullRequestState.CLOSED


def test_restoring_a_branch_twice_and_over_a_new_one(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    pulls.delete_branch(far.bare, "x", by="bob")
    gone = pulls.get(far.bare, number)
    assert not pulls.has_branch(far.bare, gone)
    assert (gone.history[-1].action, gone.history[-1].by) == (Action.CLOSED, "bob")
    for _ in range(2):
        pulls.restore_branch(far.bare, number, by="bob")
        assert far.branch("x") == gone.head_commit
    other = far.rewrite("x", {"other": "1\n"})
    pulls.restore_branch(far.bare, number, by="bob")
    assert far.branch("x") == other


def test_a_branch_below_the_deleted_one_is_not_it(far: LocalFarSide) -> None:
    far.push("x", {"x": "1\n"})
    number = open_pull(far, "x")
    pulls.delete_branch(far.bare, "x", by="bob")
    far.push("x/below", {"b": "1\n"})
    assert not pulls.has_branch(far.bare, pulls.get(far.bare, number))
    with pytest.raises(Invalid):
        pulls.restore_branch(far.bare, number, by="bob")


def test_a_source_that_took_in_its_target_shows_its_own_changes_alone(far: LocalFarSide) -> None:
    far.push("x", {"mine": "1\n"})
    number = open_pull(far, "x")
    far.push("main", {"theirs": "1\n"})
    far.push_merge("main", "x")
    far.push_merge("x", "main")
    pull = pulls.get(far.bare, number)
    assert pull.state is PullRequestState.MERGED
    assert [file.path for file in contents.files(far.bare, pull).files] == ["mine"]


def test_files_and_commits_for_the_pages(far: LocalFarSide) -> None:
    far.push("main", {"changed": "old\n", "removed": "r\n", "same": "s\n"})
    far.clone.fetch()
    far.clone.git("checkout", "--quiet", "--detach", "origin/main")
    far.clone.git("rm", "--quiet", "removed")
    (far.clone.directory / "binary").write_bytes(b"a\0b")
    (far.clone.directory / "latin").write_bytes("ü".encode("latin-1"))
    (far.clone.directory / "big").write_text("x" * (contents.SIZE_LIMIT + 1))
    added = {"changed": "new\n", "sp ace/ä": "", "empty": ""}
    for path, text in added.items():
        (far.clone.directory / path).parent.mkdir(exist_ok=True)
        (far.clone.directory / path).write_text(text)
    far.clone.git("add", "--all")
    far.clone.git("commit", "--quiet", "-m", "All sorts\n\nof things")
    far.clone.push("x")
    number = open_pull(far, "x")
    far.push("main", {"changed": "meanwhile\n"})
    expected = {
        "big": (None, None, "too large"),
        "binary": (None, None, "binary"),
        "changed": ("old\n", "new\n", ""),
        "empty": (None, "", ""),
        "latin": (None, "\ufffd", ""),
        "removed": ("r\n", None, ""),
        "sp ace/ä": (None, "", ""),
    }
    for _ in range(2):
        shown = contents.files(far.bare, pulls.get(far.bare, number))
        assert {f.path: (f.before, f.after, f.note) for f in shown.files} == expected
        assert shown.more == 0
        [commit] = contents.commits(far.bare, pulls.get(far.bare, number))
        assert (commit.subject, commit.message) == ("All sorts", "All sorts\n\nof things")
        assert commit.author == "dora"
        pulls.close(far.bare, number, by="bob")


@pytest.mark.parametrize("how", ["merge", "squash", "plain", "fast-forward"])
def test_a_merged_pull_request_still_shows_what_it_changed(far: LocalFarSide, how: str) -> None:
    far.push("x", {"one": "1\n"})
    far.push("x", {"two": "2\n"})
    number = open_pull(far, "x")
    if how == "fast-forward":
        far.push_merge("x", "main", fast_forward=True)
    else:
        far.push("main", {"elsewhere": "1\n"})
        land = {"merge": far.merge, "squash": far.squash}
        _ = land[how](number) if how in land else far.push_merge("x", "main")
    pull = pulls.get(far.bare, number)
    assert pull.state is PullRequestState.MERGED
    assert [file.path for file in contents.files(far.bare, pull).files] == ["one", "two"]
    assert len(contents.commits(far.bare, pull)) == 2


def test_a_very_wide_change_is_cut_and_says_so(far: LocalFarSide) -> None:
    far.push("x", {f"many/{n:04}": f"{n}\n" for n in range(contents.FILES_LIMIT + 7)})
    shown = contents.files(far.bare, pulls.get(far.bare, open_pull(far, "x")))
    assert (len(shown.files), shown.more) == (contents.FILES_LIMIT, 7)
