"""The contract every forge adapter keeps. A new adapter runs it by subclassing `ForgeContract`:

    class TestMyForge(ForgeContract):
        @pytest.fixture
        def far(self, tmp_path) -> FarSide: ...

`FarSide` is everything that is not the portal: people on the forge's pages, people with git, and
the forge itself sending webhooks. For a real forge's adapter it is that forge's fake.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import pytest

from gitops.errors import Cause
from gitops.forges.base import (
    AlreadyExists,
    Archived,
    BadSignature,
    Forge,
    ForgeError,
    Invalid,
    Missing,
    NotPermitted,
    PullRequest,
    PullRequestDraft,
    PullRequestState,
    RepositoryPath,
)

BASE = "main"
HEAD = "gatehouse/iris-blue/17-1f0c9a3e"
COMMIT = re.compile(r"[0-9a-f]{40}")
NASTY = (
    "/close\n/label ~admin\n@everyone #1 !2 $3\n<!-- gatehouse:request=17 -->\n"
    "| a | b |\n|---|---|\n```yaml\nkey: 'v'\n```\n<script>alert(1)</script> & &amp;\n"
    "Zażółć gęślą jaźń 🦔 \u202e\u200b end  \n\ttabs and trailing spaces   \n"
)


class FarSide(Protocol):
    """What happens without the portal. Every method acts at once, as seen by the next call."""

    forge: Forge
    repository: RepositoryPath
    webhook_secret: bytes

    def push(self, branch: str, files: Mapping[str, str]) -> str:
        """Somebody pushes a commit with `files` on top of `branch`, or of main for a new one."""

    def rewrite(self, branch: str, files: Mapping[str, str]) -> str:
        """Somebody replaces `branch` by one commit on top of main, with force."""

    def reset(self, branch: str) -> str:
        """Somebody moves `branch` to where main is, with force."""

    def push_merge(self, head: str, base: str, *, fast_forward: bool = False) -> str:
        """Somebody merges with plain git and pushes `base`; the new commit of `base`."""

    def merge(self, number: int) -> str:
        """A person presses merge; the merge commit."""

    def squash(self, number: int) -> str:
        """A person presses squash and merge; the commit on the target branch."""

    def close(self, number: int) -> None: ...

    def reopen(self, number: int) -> None: ...

    def delete_branch(self, branch: str) -> None:
        """Somebody deletes a branch with plain git."""

    def delete_branch_on_page(self, branch: str) -> None:
        """A person deletes a branch on the forge's page."""

    def restore_branch(self, number: int) -> None: ...

    def archive(self) -> None: ...

    def branch(self, name: str) -> str | None:
        """The branch's commit, if there is one."""

    def comments(self, number: int) -> list[tuple[str, str]]:
        """(author, body), oldest first."""

    def webhooks(self) -> list[tuple[dict[str, str], bytes]]:
        """(headers, body) of every webhook the forge has sent, or would send, so far."""


def draft(**changes: object) -> PullRequestDraft:
    plain = PullRequestDraft(head=HEAD, base=BASE, title="Add namespace", body="Why: because")
    return replace(plain, **changes)  # type: ignore[arg-type]


class ForgeContract:
    """Needs a fixture `far` that answers a FarSide with one repository that has a main branch."""

    @pytest.fixture
    def forge(self, far: FarSide) -> Forge:
        return far.forge

    @pytest.fixture
    def repository(self, far: FarSide) -> RepositoryPath:
        return far.repository

    @pytest.fixture
    def opened(self, far: FarSide) -> PullRequest:
        """A pull request that adds one file."""
        far.push(HEAD, {"tenants/iris-blue.yaml": "a: 1\n"})
        return far.forge.create_pull_request(far.repository, draft())

    # Who and where

    def test_says_who_it_is(self, forge: Forge) -> None:
        assert forge.whoami()

    def test_describes_a_repository(self, forge: Forge, repository: RepositoryPath) -> None:
        found = forge.get_repository(repository)
        assert (found.path, found.default_branch, found.archived) == (repository, BASE, False)
        assert found.id
        assert found.id == forge.get_repository(repository).id
        assert found.clone_url.startswith("http")
        assert found.html_url.startswith("http")

    def test_a_repository_that_is_not_there_is_missing(self, forge: Forge) -> None:
        nowhere = RepositoryPath(owner="nobody", name="nothing")
        calls = (
            lambda: forge.get_repository(nowhere),
            lambda: forge.get_protection(nowhere, BASE),
            lambda: forge.find_pull_request(nowhere, head=HEAD, base=BASE),
            lambda: forge.create_pull_request(nowhere, draft()),
            lambda: forge.get_pull_request(nowhere, 1),
            lambda: forge.close_pull_request(nowhere, 1, comment=""),
            lambda: forge.comment(nowhere, 1, "x"),
            lambda: forge.delete_branch(nowhere, HEAD),
        )
        for call in calls:
            with pytest.raises(Missing) as caught:
                call()
            assert caught.value.cause is Cause.MISSING

    def test_tells_that_the_default_branch_is_protected(
        self, forge: Forge, repository: RepositoryPath
    ) -> None:
        protection = forge.get_protection(repository, BASE)
        assert protection.protected is not False
        assert protection.bot_can_bypass is not True

    def test_cannot_merge(self, forge: Forge) -> None:
        public = [name for name in dir(forge) if not name.startswith("_")]
        assert not [name for name in public if "merge" in name or "squash" in name]

    # Open and find

    def test_opens_a_pull_request(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        commit = far.push(HEAD, {"a.yaml": "a: 1\n"})
        made = forge.create_pull_request(repository, draft())
        assert (made.title, made.body) == ("Add namespace", "Why: because")
        assert (made.head, made.base, made.head_commit) == (HEAD, BASE, commit)
        assert (made.state, made.merge_commit) == (PullRequestState.OPEN, None)
        assert made.author == forge.whoami()
        assert str(made.number) in made.html_url
        assert forge.get_pull_request(repository, made.number) == made

    def test_a_second_create_says_it_exists_and_the_first_is_found(
        self, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        with pytest.raises(AlreadyExists):
            forge.create_pull_request(repository, draft(title="Another"))
        assert forge.find_pull_request(repository, head=HEAD, base=BASE) == opened

    def test_finds_nothing_where_nothing_is(
        self, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        for head, base in (
            (HEAD[:-1], BASE),  # the beginning of a name is another name
            (HEAD + "0", BASE),
            (HEAD.upper(), BASE),
            ("gatehouse", BASE),
            (HEAD, "mai"),
            (HEAD, "main2"),
            (BASE, HEAD),
        ):
            assert forge.find_pull_request(repository, head=head, base=base) is None
        assert opened.number

    def test_the_same_source_branch_may_go_to_another_target(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.push("release", {"r": "1\n"})
        other = forge.create_pull_request(repository, draft(base="release"))
        assert other.number != opened.number
        assert forge.find_pull_request(repository, head=HEAD, base="release") == other
        assert forge.find_pull_request(repository, head=HEAD, base=BASE) == opened

    def test_find_prefers_the_open_one(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.close(opened.number)
        second = forge.create_pull_request(repository, draft(title="Second"))
        assert second.number > opened.number
        far.close(second.number)
        far.reopen(opened.number)
        found = forge.find_pull_request(repository, head=HEAD, base=BASE)
        assert found is not None
        assert (found.number, found.state) == (opened.number, PullRequestState.OPEN)

    def test_the_first_is_not_reopened_while_the_second_is_open(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.close(opened.number)
        second = forge.create_pull_request(repository, draft(title="Second"))
        with pytest.raises(ForgeError):
            far.reopen(opened.number)
        assert forge.find_pull_request(repository, head=HEAD, base=BASE) == second
        assert forge.get_pull_request(repository, opened.number).state is PullRequestState.CLOSED

    def test_find_answers_the_newest_when_none_is_open(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.close(opened.number)
        second = forge.create_pull_request(repository, draft(title="Second"))
        far.close(second.number)
        found = forge.find_pull_request(repository, head=HEAD, base=BASE)
        assert found is not None
        assert (found.number, found.state) == (second.number, PullRequestState.CLOSED)

    @pytest.mark.parametrize(("head", "base"), [("gone", BASE), (HEAD, "gone")])
    def test_a_branch_that_is_not_there(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, head: str, base: str
    ) -> None:
        far.push(HEAD, {"a": "1\n"})
        with pytest.raises((Missing, Invalid)):
            forge.create_pull_request(repository, draft(head=head, base=base))
        assert forge.find_pull_request(repository, head=head, base=base) is None

    def test_nothing_to_merge_is_refused(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        far.reset("empty")
        with pytest.raises(Invalid):
            forge.create_pull_request(repository, draft(head="empty"))
        with pytest.raises(Invalid):
            forge.create_pull_request(repository, draft(head=BASE))

    def test_a_pull_request_that_is_not_there(
        self, forge: Forge, repository: RepositoryPath
    ) -> None:
        for number in (1, 999, 10**12):
            with pytest.raises(Missing):
                forge.get_pull_request(repository, number)
            with pytest.raises(Missing):
                forge.update_pull_request(repository, number, title="T", body="")
            with pytest.raises(Missing):
                forge.close_pull_request(repository, number, comment="")
            with pytest.raises(Missing):
                forge.comment(repository, number, "x")

    # Text

    def test_text_is_stored_as_given(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        far.push(HEAD, {"a": "1\n"})
        title = '[iris-blue] Zażółć 🦔 `code` <b> & "quotes" #12'
        made = forge.create_pull_request(repository, draft(title=title, body=NASTY))
        forge.comment(repository, made.number, NASTY)
        again = forge.get_pull_request(repository, made.number)
        assert (again.title, again.body) == (title, NASTY)
        assert again.state is PullRequestState.OPEN
        assert far.comments(made.number) == [(forge.whoami(), NASTY)]

    def test_a_body_up_to_the_limit_is_stored_and_a_longer_one_refused(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        far.push(HEAD, {"a": "1\n"})
        longest = "ü" * forge.capabilities.body_limit
        made = forge.create_pull_request(repository, draft(body=longest))
        assert forge.get_pull_request(repository, made.number).body == longest
        with pytest.raises(Invalid):
            forge.update_pull_request(repository, made.number, title="T", body=longest + "x")
        assert forge.get_pull_request(repository, made.number).body == longest

    def test_a_title_up_to_the_limit_is_stored_and_a_longer_or_empty_one_refused(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        far.push(HEAD, {"a": "1\n"})
        longest = "t" * forge.capabilities.title_limit
        for title in (longest + "x", ""):
            with pytest.raises(Invalid):
                forge.create_pull_request(repository, draft(title=title))
        assert forge.create_pull_request(repository, draft(title=longest)).title == longest

    def test_update_changes_title_and_body_alone(
        self, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        for _ in range(2):
            made = forge.update_pull_request(repository, opened.number, title="New", body=NASTY)
            assert made == replace(opened, title="New", body=NASTY)
        assert forge.get_pull_request(repository, opened.number) == made

    def test_labels(self, far: FarSide, forge: Forge, repository: RepositoryPath) -> None:
        far.push(HEAD, {"a": "1\n"})
        labels = ("gatehouse", "tenant/iris-blue")
        made = forge.create_pull_request(repository, draft(labels=labels))
        expected = labels if forge.capabilities.labels else ()
        assert made.labels == expected
        assert forge.get_pull_request(repository, made.number).labels == expected

    # Close, and what people do

    def test_close_twice_says_its_comment_once(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        for _ in range(2):
            made = forge.close_pull_request(repository, opened.number, comment="Withdrawn.")
            assert (made.state, made.merge_commit) == (PullRequestState.CLOSED, None)
        assert far.comments(opened.number) == [(forge.whoami(), "Withdrawn.")]

    def test_close_without_a_comment_says_nothing(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        forge.close_pull_request(repository, opened.number, comment="")
        assert far.comments(opened.number) == []

    def test_close_after_a_merge_answers_merged(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.merge(opened.number)
        made = forge.close_pull_request(repository, opened.number, comment="Too late.")
        assert made.state is PullRequestState.MERGED
        assert far.comments(opened.number) == []

    def test_closed_and_reopened_by_hand(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.close(opened.number)
        closed = forge.get_pull_request(repository, opened.number)
        assert closed.state is PullRequestState.CLOSED
        far.reopen(opened.number)
        assert forge.get_pull_request(repository, opened.number) == opened

    @pytest.mark.parametrize("how", ["merge", "squash"])
    def test_merged_on_the_forge(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest, how: str
    ) -> None:
        far.push(BASE, {"elsewhere": "moved on\n"})
        commit = far.merge(opened.number) if how == "merge" else far.squash(opened.number)
        assert COMMIT.fullmatch(commit)
        assert commit == far.branch(BASE)
        made = forge.get_pull_request(repository, opened.number)
        assert made == replace(opened, state=PullRequestState.MERGED, merge_commit=commit)
        assert forge.find_pull_request(repository, head=HEAD, base=BASE) == made

    @pytest.mark.parametrize("fast_forward", [False, True])
    def test_a_merge_pushed_with_plain_git_is_noticed(
        self,
        far: FarSide,
        forge: Forge,
        repository: RepositoryPath,
        opened: PullRequest,
        fast_forward: bool,
    ) -> None:
        commit = far.push_merge(HEAD, BASE, fast_forward=fast_forward)
        far.push(BASE, {"later": "1\n"})
        made = forge.get_pull_request(repository, opened.number)
        assert made == replace(opened, state=PullRequestState.MERGED, merge_commit=commit)

    def test_a_merge_pushed_with_plain_git_is_noticed_by_find_and_create(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.push_merge(HEAD, BASE)
        far.push(HEAD, {"more": "1\n"})
        second = forge.create_pull_request(repository, draft(title="More"))
        assert second.number > opened.number
        first = forge.get_pull_request(repository, opened.number)
        assert first.state is PullRequestState.MERGED

    def test_a_merge_is_noticed_when_the_branch_went_with_it(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        commit = far.push_merge(HEAD, BASE)
        far.delete_branch(HEAD)
        made = forge.get_pull_request(repository, opened.number)
        assert (made.state, made.merge_commit) == (PullRequestState.MERGED, commit)

    def test_a_merge_elsewhere_is_not_a_merge_here(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.push("release", {"r": "1\n"})
        far.push_merge(HEAD, "release")
        assert forge.get_pull_request(repository, opened.number) == opened

    def test_somebody_pushed(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        commit = far.push(HEAD, {"b.yaml": "b: 1\n"})
        assert commit != opened.head_commit
        made = forge.get_pull_request(repository, opened.number)
        assert made == replace(opened, head_commit=commit)
        rewritten = far.rewrite(HEAD, {"c.yaml": "c: 1\n"})
        assert forge.get_pull_request(repository, opened.number).head_commit == rewritten

    def test_a_source_branch_moved_back_to_its_target_is_not_a_merge(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.push(BASE, {"elsewhere": "moved on\n"})
        far.reset(HEAD)
        made = forge.get_pull_request(repository, opened.number)
        assert (made.state, made.merge_commit) == (PullRequestState.CLOSED, None)

    def test_branch_deleted_by_hand_closes(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.delete_branch(HEAD)
        made = forge.get_pull_request(repository, opened.number)
        assert made.state is PullRequestState.CLOSED
        assert made.head_commit == opened.head_commit

    def test_a_restored_branch_can_be_reopened(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.delete_branch_on_page(HEAD)
        assert far.branch(HEAD) is None
        with pytest.raises(ForgeError):
            far.reopen(opened.number)
        far.restore_branch(opened.number)
        far.reopen(opened.number)
        assert forge.get_pull_request(repository, opened.number) == opened

    def test_delete_branch_twice(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.merge(opened.number)
        for _ in range(2):
            forge.delete_branch(repository, HEAD)
            assert far.branch(HEAD) is None
        made = forge.get_pull_request(repository, opened.number)
        assert made.state is PullRequestState.MERGED

    def test_deleting_one_branch_leaves_those_below_and_beside(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        for name in ("a/b", "a/bc"):
            far.push(name, {"a": f"{name}\n"})
        forge.delete_branch(repository, "a")
        forge.delete_branch(repository, "a/b")
        assert far.branch("a/b") is None
        assert far.branch("a/bc")

    def test_the_default_branch_is_not_deleted(
        self, far: FarSide, forge: Forge, repository: RepositoryPath
    ) -> None:
        with pytest.raises(NotPermitted):
            forge.delete_branch(repository, BASE)
        assert far.branch(BASE)

    def test_an_archived_repository_can_be_read_alone(
        self, far: FarSide, forge: Forge, repository: RepositoryPath, opened: PullRequest
    ) -> None:
        far.archive()
        assert forge.get_repository(repository).archived
        assert forge.get_pull_request(repository, opened.number) == opened
        for call in (
            lambda: forge.close_pull_request(repository, opened.number, comment=""),
            lambda: forge.comment(repository, opened.number, "x"),
            lambda: forge.delete_branch(repository, HEAD),
        ):
            with pytest.raises(Archived) as caught:
                call()
            assert caught.value.cause is Cause.PERMISSION
        assert far.branch(HEAD) == opened.head_commit

    # Webhooks

    @pytest.fixture
    def hook(self, far: FarSide, opened: PullRequest) -> tuple[dict[str, str], bytes]:
        """The webhook for a merge, as it was sent."""
        far.merge(opened.number)
        return far.webhooks()[-1]

    def test_a_webhook_names_what_to_look_at(
        self, far: FarSide, forge: Forge, opened: PullRequest, hook: tuple[dict[str, str], bytes]
    ) -> None:
        event = forge.verify_webhook(*hook, [far.webhook_secret])
        assert (event.repository, event.pull_request) == (far.repository, opened.number)
        assert event.event
        assert event.delivery_id

    def test_header_names_may_come_in_any_case(
        self, far: FarSide, forge: Forge, hook: tuple[dict[str, str], bytes]
    ) -> None:
        headers, body = hook
        plain = forge.verify_webhook(headers, body, [far.webhook_secret])
        for change in (str.lower, str.upper):
            changed = {change(name): value for name, value in headers.items()}
            assert forge.verify_webhook(changed, body, [far.webhook_secret]) == plain

    def test_either_of_two_secrets_is_good(
        self, far: FarSide, forge: Forge, hook: tuple[dict[str, str], bytes]
    ) -> None:
        for secrets in ([b"next" * 8, far.webhook_secret], [far.webhook_secret, b"next" * 8]):
            assert forge.verify_webhook(*hook, secrets)

    @pytest.mark.parametrize("secrets", [[], [b""], [b"wrong" * 8], [b"", b"wrong" * 8]])
    def test_without_the_right_secret_nothing_is_believed(
        self, forge: Forge, hook: tuple[dict[str, str], bytes], secrets: list[bytes]
    ) -> None:
        with pytest.raises(BadSignature) as caught:
            forge.verify_webhook(*hook, secrets)
        assert caught.value.cause is Cause.CREDENTIAL

    def test_a_changed_body_is_not_believed(
        self, far: FarSide, forge: Forge, hook: tuple[dict[str, str], bytes]
    ) -> None:
        headers, body = hook
        if not forge.capabilities.signed_webhooks:  # said to be so, and then it had better be so
            assert forge.verify_webhook(headers, body + b" ", [far.webhook_secret])
            return
        for changed in (b"", body[:-1], body + b" ", body.replace(b"1", b"2", 1), b"{}"):
            assert changed != body
            with pytest.raises(BadSignature):
                forge.verify_webhook(headers, changed, [far.webhook_secret])

    def test_no_header_at_all_is_not_believed(
        self, far: FarSide, forge: Forge, hook: tuple[dict[str, str], bytes]
    ) -> None:
        with pytest.raises(BadSignature):
            forge.verify_webhook({}, hook[1], [far.webhook_secret])

    def test_every_delivery_has_its_own_id(self, far: FarSide, opened: PullRequest) -> None:
        far.close(opened.number)
        far.reopen(opened.number)
        secrets = [far.webhook_secret]
        events = [far.forge.verify_webhook(*hook, secrets) for hook in far.webhooks()]
        assert len(events) == 3
        if far.forge.capabilities.delivery_ids:
            assert len({event.delivery_id for event in events}) == 3
