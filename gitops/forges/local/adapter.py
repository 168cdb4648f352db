"""The local forge as the portal's worker sees it: the same protocol as any other forge.

The account is always `gatehouse`, and there is nothing here that merges: that is the far side's
(`merging`), reached from the forge's pages by a person.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from gitops.forges.base import (
    Capabilities,
    ConnectionSettings,
    ForgeRepository,
    Protection,
    PullRequest,
    PullRequestDraft,
    RepositoryPath,
    WebhookEvent,
)
from gitops.forges.local import events, pulls
from gitops.forges.local.documents import Pull
from gitops.forges.local.store import LocalStore
from gitops.git.remote import Remote

BOT = "gatehouse"


class LocalForge:
    """The adapter. `base_url` is the portal's own address, `html_base` that of the forge pages."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Local forge",
        body_limit=pulls.BODY_LIMIT,
        title_limit=pulls.TITLE_LIMIT,
        loopback=True,
    )

    def __init__(self, store: LocalStore, *, base_url: str, html_base: str) -> None:
        self.store = store
        self.base_url = base_url.rstrip("/")
        self.html_base = html_base.rstrip("/") or f"{self.base_url}/forge"

    @classmethod
    def connect(cls, settings: ConnectionSettings) -> Self:
        """Raises ValueError without a data folder."""
        if settings.data_dir is None:
            raise ValueError(f"Connection {settings.slug}: the local forge needs a data folder.")
        store = LocalStore(settings.data_dir.absolute() / "forge")
        return cls(store, base_url=settings.base_url, html_base=settings.html_base)

    def whoami(self) -> str:
        return BOT

    def get_repository(self, repository: RepositoryPath) -> ForgeRepository:
        facts = self.store.facts(repository)
        return ForgeRepository(
            id=facts.id,
            path=repository,
            default_branch=facts.default_branch,
            clone_url=f"{self.base_url}/git/{repository}.git",
            html_url=f"{self.html_base}/{repository}/",
            archived=facts.archived,
        )

    def get_protection(self, repository: RepositoryPath, branch: str) -> Protection:
        """The default branch is only ever changed by people: the bot has no way to merge."""
        protected = branch == self.store.facts(repository).default_branch
        return Protection(protected=protected, requires_review=protected, bot_can_bypass=False)

    def find_pull_request(
        self, repository: RepositoryPath, *, head: str, base: str
    ) -> PullRequest | None:
        pull = pulls.find(self.store.open(repository), head=head, base=base)
        return self._answer(repository, pull) if pull else None

    def create_pull_request(
        self, repository: RepositoryPath, draft: PullRequestDraft
    ) -> PullRequest:
        pull = pulls.open_pull(self.store.open(repository), draft, by=BOT)
        return self._answer(repository, pull)

    def get_pull_request(self, repository: RepositoryPath, number: int) -> PullRequest:
        return self._answer(repository, pulls.get(self.store.open(repository), number))

    def update_pull_request(
        self, repository: RepositoryPath, number: int, *, title: str, body: str
    ) -> PullRequest:
        bare = self.store.open(repository)
        return self._answer(repository, pulls.update(bare, number, title=title, body=body, by=BOT))

    def close_pull_request(
        self, repository: RepositoryPath, number: int, *, comment: str
    ) -> PullRequest:
        bare = self.store.open(repository)
        return self._answer(repository, pulls.close(bare, number, comment=comment, by=BOT))

    def comment(self, repository: RepositoryPath, number: int, body: str) -> None:
        pulls.comment(self.store.open(repository), number, body, by=BOT)

    def delete_branch(self, repository: RepositoryPath, branch: str) -> None:
        pulls.delete_branch(self.store.open(repository), branch, by=BOT)

    def remote(self, repository: RepositoryPath) -> Remote:
        """The bare repository's path; file transport is allowed below the forge's folder alone."""
        directory = self.store.directory(repository)
        return Remote(url=str(directory), allow_file_below=self.store.root)

    @staticmethod
    def verify_webhook(
        headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]
    ) -> WebhookEvent:
        return events.verify(headers, body, secrets)

    def _answer(self, repository: RepositoryPath, pull: Pull) -> PullRequest:
        return PullRequest(
            number=pull.number,
            title=pull.title,
            body=pull.body,
            state=pull.state,
            head=pull.head,
            head_commit=pull.head_commit,
            base=pull.base,
            merge_commit=pull.merge_commit,
            html_url=f"{self.html_base}/{repository}/pulls/{pull.number}/",
            labels=pull.labels,
            author=pull.author,
        )
