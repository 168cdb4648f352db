"""The buttons: what they do to the bare repository, for whom, and what a refusal says."""

import re

import pytest

from gitops.forges.base import PullRequestDraft, PullRequestState
from gitops.forges.local import merging, pulls, repository
from tests.portal.localforge.conftest import BLUE, FLEET, HEAD, NAMESPACE, Browser, Far
from tests.portal.localforge.test_pages import text

PAGE = "/forge/platform/fleet/pulls/1/"
ACTIONS = ["merge", "squash", "close", "reopen", "comment", "delete-branch", "restore-branch"]


def test_merge_changes_the_target_branch(browser: Browser, far: Far) -> None:
    before = far.branch("main")
    shown = text(browser("bob").get(PAGE))
    [seen] = re.findall(r'name="head" value="([0-9a-f]{40})"', shown)
    done = browser("bob").post(f"{PAGE}merge/", {"head": seen})
    assert (done.status_code, done["Location"]) == (302, PAGE)
    assert far.show(NAMESPACE) == "apiVersion: v1\nkind: Namespace\n"
    log = far.bare().git("log", "-1", "--format=%P %an", "main").text
    assert log == f"{before} {seen} bob"
    page = text(browser("bob").get(PAGE))
    assert "Merged as" in page
    assert "<strong>bob</strong> merged this pull request" in page
    assert ">Merge</button>" not in page
    assert far.bare().git("fsck", "--strict").status == 0


def test_squash_makes_one_commit(browser: Browser, far: Far) -> None:
    before = far.branch("main", BLUE)
    browser("alice").post("/forge/iris-blue/apps/pulls/1/squash/")
    log = far.bare(BLUE).git("log", "-1", "--format=%P|%an|%s", "main").text
    assert log == f"{before}|alice|Add iris-blue-pay (#1)"
    assert far.show(NAMESPACE, BLUE).endswith("kind: Namespace\n")
    assert far.pull(BLUE).state is PullRequestState.MERGED


def test_what_moved_on_is_not_merged(browser: Browser, far: Far) -> None:
    seen = far.pull().head_commit
    far.work().commit(HEAD, {"evil.yaml": "x: y\n"}, onto=f"origin/{HEAD}", message="More")
    before = far.branch("main")
    for action in ("merge", "squash"):
        refused = browser("bob").post(f"{PAGE}{action}/", {"head": seen})
        assert refused.status_code == 409
        assert "The pull request moved on" in text(refused)
        assert "evil.yaml" in text(refused)
    assert far.branch("main") == before


def test_a_conflict_is_refused_with_its_paths(browser: Browser, far: Far) -> None:
    far.offer("left", {"same.yaml": "a: 1\n"})
    landed = far.work().commit("main", {"same.yaml": "a: 2\n"}, onto="origin/main", message="R")
    refused = browser("bob").post("/forge/platform/fleet/pulls/2/merge/")
    assert refused.status_code == 409
    assert "#2 conflicts with its target branch in same.yaml." in text(refused)
    assert far.branch("main") == landed
    assert far.pull(number=2).is_open


def test_close_reopen_delete_restore(browser: Browser, far: Far) -> None:
    client = browser("bob")
    client.post(f"{PAGE}close/", {"comment": "Not\r\nnow"})
    assert [e.text for e in far.pull().comments] == ["Not\nnow"]
    page = text(client.get(PAGE))
    assert "Closed without a merge." in page
    assert ">Reopen</button>" in page
    client.post(f"{PAGE}delete-branch/")
    assert far.branch(HEAD) is None
    page = text(client.get(PAGE))
    assert "restore it to reopen" in page
    assert ">Reopen</button>" not in page
    client.post(f"{PAGE}restore-branch/")
    assert far.branch(HEAD) == far.pull().head_commit
    client.post(f"{PAGE}reopen/")
    assert far.pull().is_open
    said = [entry.action for entry in far.pull().history]
    assert said == ["opened", "commented", "closed", "branch-restored", "reopened"]


def test_what_cannot_be_done_is_said(browser: Browser, far: Far) -> None:
    client = browser("bob")
    for action, status, said in (
        ("comment", 422, "A comment needs a text."),
        ("reopen", 200, ""),  # open already: success
    ):
        answer = client.post(f"{PAGE}{action}/", follow=True)
        assert answer.status_code == status
        assert said in text(answer)
    merging.merge(far.bare(), 1, by="carol")
    assert "#1 is merged." in text(client.post(f"{PAGE}merge/"))
    assert client.post(f"{PAGE}reopen/").status_code == 422
    repository.set_archived(far.bare(), True, by="bob")
    kept = client.post(f"{PAGE}comment/", {"comment": "typed <b>this</b>"})
    assert kept.status_code == 403
    assert "The repository is archived." in text(kept)


def test_a_branch_that_flux_reconciles_is_not_deleted(browser: Browser, far: Far) -> None:
    bare = far.bare(BLUE)
    bare.git("branch", "next", "main")
    far.work(BLUE).commit("main", {"new": "1\n"}, onto="origin/main", message="Ahead")
    back = PullRequestDraft(head="main", base="next", title="Back")
    number = pulls.open_pull(bare, back, by="gatehouse").number
    refused = browser("bob").post(f"/forge/iris-blue/apps/pulls/{number}/delete-branch/")
    assert refused.status_code == 403
    assert "is what Flux reconciles for iris-blue" in text(refused)
    assert far.branch("main", BLUE)


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [("alice", "platform/fleet", 403), ("charlie", "iris-blue/apps", 404),
     ("eve", "platform/fleet", 404), ("", "platform/fleet", 302)],
)  # fmt: skip
def test_who_may_not_press(browser: Browser, far: Far, who: str, path: str, status: int) -> None:
    refs = {p: far.bare(p).git("show-ref").stdout for p in (FLEET, BLUE)}
    client = browser(who)
    for action in ACTIONS:
        answer = client.post(f"/forge/{path}/pulls/1/{action}/", {"comment": "typed"})
        assert answer.status_code == status, action
    if status == 403:
        assert "Only a platform admin may change the platform repository." in text(answer)
    assert refs == {p: far.bare(p).git("show-ref").stdout for p in (FLEET, BLUE)}


def test_a_visit_changes_nothing(browser: Browser, far: Far) -> None:
    for action in ACTIONS:
        answer = browser("bob").get(f"{PAGE}{action}/")
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert far.pull().is_open
    assert browser("bob").post(f"{PAGE}explode/").status_code == 404
    assert browser("bob").post("/forge/platform/fleet/pulls/9/merge/").status_code == 404
