"""The pages of the local forge, as owner, admin, stranger, member of nothing, and nobody."""

import re
from typing import Any

import pytest
from django.test import Client

from gitops.forges.base import RepositoryPath
from gitops.forges.local import merging, pulls, repository
from tests.portal.localforge.conftest import BLUE, FLEET, HEAD, NAMESPACE, Browser, Far

PAGES = ["", f"tree/{HEAD}/tenants/dev-1", f"tree/{HEAD}/{NAMESPACE}", "pulls/", "pulls/1/"]


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("bob", "platform/fleet", 200),
        ("bob", "iris-blue/apps", 200),
        ("alice", "platform/fleet", 200),
        ("alice", "iris-blue/apps", 200),
        ("alice", "iris-red/apps", 404),
        ("charlie", "platform/fleet", 200),
        ("charlie", "iris-blue/apps", 404),
        ("eve", "platform/fleet", 404),
        ("eve", "iris-blue/apps", 404),
        ("bob", "platform/nothing", 404),
        ("bob", "../fleet", 404),
        ("", "platform/fleet", 302),
        ("", "iris-blue/apps", 302),
        ("", "platform/nothing", 302),
    ],
)
def test_who_sees_a_repository(browser: Browser, who: str, path: str, status: int) -> None:
    client = browser(who)
    for page in PAGES:
        response = client.get(f"/forge/{path}/{page}")
        assert response.status_code == status, page
        if status == 302:
            assert response["Location"].startswith("/accounts/login/?next=/forge/")


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("bob", ["iris-blue/apps", "iris-red/apps", "platform/fleet", "spare/parts"]),
        ("alice", ["iris-blue/apps", "platform/fleet"]),
        ("charlie", ["iris-red/apps", "platform/fleet"]),
        ("eve", []),
    ],
)
def test_the_list_holds_what_one_may_see(browser: Browser, who: str, seen: list[str]) -> None:
    page = text(browser(who).get("/forge/"))
    assert re.findall(r'<th scope="row">\s*<a href="/forge/([^"]+)/"', page) == seen
    assert ("Make the repository" in page) is (who == "bob")
    assert page.count("1 open") == sum(
        path in ("platform/fleet", "iris-blue/apps") for path in seen
    )


def test_the_list_survives_a_damaged_repository(browser: Browser, far: Far) -> None:
    (far.store.directory(BLUE) / "HEAD").write_text("nonsense")
    page = browser("bob").get("/forge/")
    assert page.status_code == 200
    assert "Cannot be read" in text(page)
    assert "platform/fleet" in text(page)
    damaged = browser("bob").get("/forge/iris-blue/apps/")
    assert damaged.status_code == 503
    assert "cannot be read now" in text(damaged)


def test_the_front_page(browser: Browser, far: Far) -> None:
    page = text(browser("alice").get("/forge/platform/fleet/"))
    assert "git clone http://127.0.0.1:8000/git/platform/fleet.git" in page
    assert "<h3>platform/fleet" in page  # the README's headline, drawn
    assert f'href="/forge/platform/fleet/tree/{HEAD}"' in page
    assert "Initial commit" in page
    assert 'href="/forge/platform/fleet/tree/main/clusters"' in page
    directory = text(browser("alice").get("/forge/platform/fleet/tree/main/clusters/dev-1"))
    assert 'href="/forge/platform/fleet/tree/main/clusters/dev-1/a%20file.yaml"' in directory


def test_a_file_in_its_colours(browser: Browser, far: Far) -> None:
    client = browser("alice")
    page = text(client.get("/forge/platform/fleet/tree/main/clusters/dev-1/a%20file.yaml"))
    assert '<span class="y-nt">kind</span>' in page
    assert '<tr id="L1"><td class="ln">1</td>' in page
    assert "1 line," in page


def test_files_that_are_no_text(browser: Browser, far: Far) -> None:
    work = far.work()
    work.git("checkout", "--quiet", "--detach", "origin/main")
    (work.directory / "binary").write_bytes(b"\x89PNG\0\1")
    (work.directory / "empty").write_bytes(b"")
    (work.directory / "large.yaml").write_text("a: b\n" * 100_000)
    (work.directory / "link").symlink_to("README.md")
    work.git("add", "--all")
    work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    work.git("commit", "--quiet", "-m", "odd")
    work.push("odd")
    client = browser("alice")
    for name, said in (
        ("binary", "Binary content"),
        ("empty", "The file is empty"),
        ("large.yaml", "Too large"),
        ("link", "symbolic link"),
        ("module", f"A submodule at commit {'1' * 40}"),
    ):
        page = client.get(f"/forge/platform/fleet/tree/odd/{name}")
        assert page.status_code == 200
        assert said in text(page), name
    listed = text(client.get("/forge/platform/fleet/tree/odd"))
    assert "submodule</span>" in listed
    assert "symbolic link</span>" in listed


@pytest.mark.parametrize(
    "rest",
    [
        "nobranch", "main/nothing", "main/README.md/x", "main/../main", "main//README.md",
        "main/%00", "main/%0A", "main/:(glob)*", "main/clusters/*", "-x", "main/%E2%80%AE",
        "refs/gatehouse/meta", "gatehouse", "a" * 5000, "main/" + "x/" * 100, "main/%FF",
    ],
)  # fmt: skip
def test_addresses_of_nothing(browser: Browser, far: Far, rest: str) -> None:
    assert browser("bob").get(f"/forge/platform/fleet/tree/{rest}").status_code == 404


def test_a_name_that_is_not_utf8_is_shown_but_not_opened(browser: Browser, far: Far) -> None:
    blob = far.bare().git("hash-object", "-w", "--stdin", stdin=b"x").text
    tree = far.bare().git("mktree", "-z", stdin=b"100644 blob %b\tsw\xf6r\0" % blob.encode()).text
    commit = far.work().git("rev-parse", "origin/main")
    made = far.bare().git(
        *("-c", "user.name=d", "-c", "user.email=d@example.org"),
        *("commit-tree", tree, "-p", commit, "-m", "odd name"),
    )
    far.bare().git("update-ref", "refs/heads/odd", made.text)
    page = text(browser("bob").get("/forge/platform/fleet/tree/odd"))
    assert "<span>sw\\xf6r</span>" in page


def test_the_list_of_pull_requests(browser: Browser, far: Far) -> None:
    far.offer("second", {"b": "b"}, title="Second")
    merging.merge(far.bare(), 1, by="bob")
    client = browser("alice")
    pages = {
        state: text(client.get(f"/forge/platform/fleet/pulls/?state={state}"))
        for state in ("open", "closed", "merged", "all")
    }
    numbers = {
        state: re.findall(r'class="name" href="/forge/platform/fleet/pulls/(\d+)/"', page)
        for state, page in pages.items()
    }
    assert numbers == {"open": ["2"], "closed": [], "merged": ["1"], "all": ["2", "1"]}
    assert "No pull request is closed." in pages["closed"]
    default = text(client.get("/forge/platform/fleet/pulls/"))
    assert "Second" in default
    assert "Add iris-blue-pay" not in default
    assert client.get("/forge/platform/fleet/pulls/?state=odd").status_code == 404


def test_older_pull_requests_are_a_page_away(
    browser: Browser, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.localforge.views.pulls.PER_PAGE", 1)
    far.offer("second", {"b": "b"})
    client = browser("alice")
    first = text(client.get("/forge/platform/fleet/pulls/"))
    assert "/pulls/2/" in first
    assert "/pulls/1/" not in first
    assert "?state=open&amp;before=2" in first
    second = text(client.get("/forge/platform/fleet/pulls/?state=open&before=2"))
    assert "/pulls/1/" in second
    assert "Older" not in second
    for odd in ("x", "-1", "9" * 30, "\u00b2"):
        assert client.get(f"/forge/platform/fleet/pulls/?before={odd}").status_code == 200


def test_the_page_of_a_pull_request(browser: Browser, far: Far) -> None:
    pulls.comment(far.bare(), 1, "Looks **good**", by="carol")
    page = text(browser("bob").get("/forge/platform/fleet/pulls/1/"))
    assert "<h1>Add iris-blue-pay" in page
    assert f"<code>{HEAD}</code>" in page
    assert '<a href="http://127.0.0.1:8000/requests/1/" rel="nofollow noreferrer">#1</a>' in page
    assert NAMESPACE in page
    assert '<span class="y-nt">kind</span>' in page
    assert "No conflict with" in page
    assert "<strong>carol</strong> commented" in page
    assert "Looks <strong>good</strong>" in page
    assert ">Merge</button>" in page
    missing = browser("bob").get("/forge/platform/fleet/pulls/99/")
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("who", "path", "may"),
    [
        ("bob", "platform/fleet", True),
        ("bob", "iris-blue/apps", True),
        ("alice", "iris-blue/apps", True),
        ("alice", "platform/fleet", False),
        ("charlie", "platform/fleet", False),
    ],
)
def test_buttons_are_for_those_who_may(browser: Browser, who: str, path: str, may: bool) -> None:
    page = text(browser(who).get(f"/forge/{path}/pulls/1/"))
    assert (">Merge</button>" in page) is may
    assert ("Close without a merge</button>" in page) is may
    assert ("Only a platform admin may change the platform repository." in page) is not may


def test_what_is_archived_can_only_be_read(browser: Browser, far: Far) -> None:
    repository.set_archived(far.bare(), True, by="bob")
    page = text(browser("bob").get("/forge/platform/fleet/pulls/1/"))
    assert "The repository is archived" in page
    assert ">Merge</button>" not in page


def test_a_conflict_is_named(browser: Browser, far: Far) -> None:
    far.offer("left", {"same.yaml": "a: 1\n"})
    far.work().commit("main", {"same.yaml": "a: 2\n"}, onto="origin/main", message="Right")
    page = text(browser("bob").get("/forge/platform/fleet/pulls/2/"))
    assert "cannot be merged" in page
    assert "<code>same.yaml</code>" in page
    assert ">Merge</button>" not in page


def test_branches_without_a_common_commit(browser: Browser, far: Far) -> None:
    work = far.work()
    far.offer("strange", {"s": "s"})
    work.git("checkout", "--quiet", "--orphan", "other")
    work.git("commit", "--quiet", "-m", "Unrelated")
    work.push("strange")
    page = browser("bob").get("/forge/platform/fleet/pulls/2/")
    assert page.status_code == 200
    assert ">Merge</button>" not in text(page)


def test_files_that_cannot_be_compared_are_named(browser: Browser, far: Far) -> None:
    long = "".join(f"line {n}\n" for n in range(5_000))
    far.offer("big", {"long.txt": long, "short.txt": "short\n"})
    page = text(browser("bob").get("/forge/platform/fleet/pulls/2/"))
    assert "5001 lines, too long to be compared here" in page
    assert "line 4999" not in page
    assert "short.txt" in page


@pytest.mark.parametrize("path", [FLEET, BLUE])
def test_pages_need_no_script_and_bring_no_style(browser: Browser, path: RepositoryPath) -> None:
    for page in ("", "pulls/", "pulls/1/", "tree/main/README.md"):
        found = text(browser("bob").get(f"/forge/{path}/{page}"))
        assert "style=" not in found
        assert "<style" not in found
        assert not re.findall(r"<script(?![^>]* src=)", found)
        assert not re.findall(r"<[^>]+ on[a-z]+=", found)


def test_create(browser: Browser, far: Far) -> None:
    client = browser("bob")
    made = client.post("/forge/new/", {"repository": " plum/apps "})
    assert made["Location"] == "/forge/plum/apps/"
    assert far.store.facts(RepositoryPath(owner="plum", name="apps")).default_branch == "main"
    author = far.bare(RepositoryPath(owner="plum", name="apps")).git("log", "--format=%an").text
    assert author == "bob"
    assert "<h3>apps" in text(client.get("/forge/plum/apps/"))


@pytest.mark.parametrize(
    "name", ["", "plum", "plum/", "../../etc", "a/b/c", "plum/a b", "platform/fleet", "x/<b>.git"]
)
def test_unusable_names_are_said_and_kept(browser: Browser, far: Far, name: str) -> None:
    refused = browser("bob").post("/forge/new/", {"repository": name})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in text(refused)
    assert "<b>" not in text(refused)
    assert len(far.store.list()) == 4


@pytest.mark.parametrize(("who", "status"), [("alice", 403), ("eve", 403), ("", 302)])
def test_only_admins_create(browser: Browser, far: Far, who: str, status: int) -> None:
    refused = browser(who).post("/forge/new/", {"repository": "plum/apps"})
    assert refused.status_code == status
    assert len(far.store.list()) == 4


def test_a_form_from_elsewhere_is_refused(people: Any, far: Far) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.bob)
    assert client.post("/forge/new/", {"repository": "plum/apps"}).status_code == 403
    assert client.post("/forge/platform/fleet/pulls/1/merge/").status_code == 403
    assert far.pull().is_open
