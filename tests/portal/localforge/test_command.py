"""`manage.py local_forge`."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gitops.forges.base import RepositoryPath
from tests.portal.localforge.conftest import BLUE, HEAD, NAMESPACE, Far, People

BOB = ("--as", "bob")


def run(*args: Any) -> str:
    out = io.StringIO()
    call_command("local_forge", *map(str, args), stdout=out)
    return out.getvalue()


def test_list(people: People, far: Far) -> None:
    far.offer("odd", {"o": "o"}, title="Two\nlines \x1b[31mred")
    shown = run("list")
    assert "platform/fleet (main), 2 open\n" in shown
    assert f"  #1 Add iris-blue-pay  [{HEAD} -> main]\n" in shown
    assert "  #2 Two lines [31mred  [odd -> main]\n" in shown
    assert "iris-red/apps (main), 0 open\n" in shown
    found = json.loads(run("list", "platform/fleet", "--json"))
    assert [row["repository"] for row in found] == ["platform/fleet"]
    first = found[0]["pull_requests"][0]
    assert first["url"] == "http://127.0.0.1:8000/forge/platform/fleet/pulls/1/"
    assert first["head_commit"] == far.branch(HEAD)


def test_list_notices_a_merge_by_plain_git(people: People, far: Far) -> None:
    far.work().merge(HEAD, "main")
    assert "platform/fleet (main), 0 open" in run("list")


def test_merge_and_squash(people: People, far: Far) -> None:
    before = far.branch("main")
    said = run("merge", "platform/fleet", 1, *BOB)
    assert said == f"platform/fleet #1 is merged as {far.branch('main')}\n"
    assert far.show(NAMESPACE)
    assert far.bare().git("log", "-1", "--format=%P", "main").text.split()[0] == before
    base = far.branch("main", BLUE)
    run("merge", "iris-blue/apps", "1", "--as", "alice", "--squash")
    assert far.bare(BLUE).git("log", "-1", "--format=%P %an", "main").text == f"{base} alice"


def test_close_reopen_comment(people: People, far: Far) -> None:
    assert run("close", "platform/fleet", 1, *BOB, "--comment", "later") == (
        "platform/fleet #1 is closed\n"
    )
    assert run("reopen", "platform/fleet", 1, *BOB) == "platform/fleet #1 is open\n"
    run("comment", "platform/fleet", 1, *BOB, "--comment", "fine")
    assert [(e.by, e.text) for e in far.pull().comments] == [("bob", "later"), ("bob", "fine")]


def test_create(people: People, far: Far) -> None:
    assert run("create", "plum/apps") == (
        "plum/apps is ready: http://127.0.0.1:8000/git/plum/apps.git\n"
    )
    run("create", "plum/more", *BOB, "--default-branch", "trunk")
    plum = RepositoryPath(owner="plum", name="more")
    assert far.store.facts(plum).default_branch == "trunk"
    assert far.show("README.md", plum, at="trunk") == "# more\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["merge", "platform/fleet", "9", *BOB], "There is no pull request #9."),
        (["merge", "platform/nothing", "1", *BOB], "There is no repository platform/nothing."),
        (["merge", "fleet", "1", *BOB], "'fleet' is not of the form owner/name."),
        (["merge", "../fleet", "1", *BOB], "There is no repository ../fleet."),
        (["merge", "platform/fleet", "1", "--as", "dora"], "Nobody signs in as dora."),
        (["merge", "platform/fleet", "1", "--as", "alice"], "alice: Only a platform admin may"),
        (["close", "iris-blue/apps", "1", "--as", "charlie"], "charlie: The repository belongs"),
        (["comment", "platform/fleet", "1", *BOB, "--comment", " "], "A comment needs a text."),
        (["create", "platform/fleet"], "fleet.git is there already."),
        (["create", "plum/apps", "--as", "alice"], "Only a platform admin may make a repository."),
        (["create", "a/b/c"], "'a/b/c' is not a usable owner/name."),
        (["create", "plum/x", "--default-branch", "a..b"], "'a..b' is not a usable branch name"),
        (["merge", "platform/fleet", "one", *BOB], "invalid int value"),
        (["merge", "platform/fleet", "1"], "required: --as"),
        (["explode"], "invalid choice"),
    ],
)
def test_errors_are_one_line(people: People, far: Far, args: list[str], said: str) -> None:
    with pytest.raises(CommandError) as refused:
        run(*args)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert far.pull().is_open


def test_a_conflict_and_a_second_merge(people: People, far: Far) -> None:
    far.offer("left", {"same.yaml": "a: 1\n"})
    far.work().commit("main", {"same.yaml": "a: 2\n"}, onto="origin/main", message="R")
    with pytest.raises(CommandError, match=r"#2 conflicts with its target branch in same\.yaml"):
        run("merge", "platform/fleet", 2, *BOB)
    run("merge", "platform/fleet", 1, *BOB)
    with pytest.raises(CommandError, match=r"#1 is merged\."):
        run("merge", "platform/fleet", 1, *BOB)
