"""Three repositories of the local forge, the people around them, and open pull requests."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from gitops import secret_files
from gitops.forges.base import PullRequestDraft, RepositoryPath
from gitops.forges.local import pulls
from gitops.forges.local.bare import Bare
from gitops.forges.local.documents import Pull
from gitops.forges.local.store import LocalStore
from gitops.models import Connection, Repository
from tenants import audit_guard, queries
from tenants.inventory import MemberRole
from tenants.models import Membership, Tenant
from tests.gitops.forges.clone import Clone, clone

FLEET = RepositoryPath(owner="platform", name="fleet")
BLUE = RepositoryPath(owner="iris-blue", name="apps")
RED = RepositoryPath(owner="iris-red", name="apps")
SPARE = RepositoryPath(owner="spare", name="parts")
HEAD = "gatehouse/iris-blue/1-1f0c9a3e"
NAMESPACE = "tenants/dev-1/iris-blue/iris-blue-pay/namespace.yaml"
BODY = "A namespace\n\n| | |\n|---|---|\n| Request | [#1](http://127.0.0.1:8000/requests/1/) |\n"


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forge with an open pull request (#1) in platform/fleet and iris-blue/apps: to be copied."""
    folder = tmp_path_factory.mktemp("forge-first-day")
    store = LocalStore(folder / "data/forge")
    for path in (FLEET, BLUE, RED, SPARE):
        files = {"README.md": f"# {path}\n", "clusters/dev-1/a file.yaml": "kind: List\n"}
        bare = store.create(path, by="seed", files=files)
        if path not in (FLEET, BLUE):
            continue
        work = clone(f"../data/forge/{path}.git", folder / f"work-{path.owner}")
        text = "apiVersion: v1\nkind: Namespace\n"
        work.commit(HEAD, {NAMESPACE: text}, onto="origin/main", message="Add iris-blue-pay")
        draft = PullRequestDraft(
            head=HEAD, base="main", title="Add iris-blue-pay", body=BODY, labels=("gatehouse",)
        )
        pulls.open_pull(bare, draft, by="gatehouse")
    return folder


@dataclass
class Far:
    """The far side, with short words for what tests do all the time."""

    folder: Path

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.folder / "data/forge")

    def bare(self, path: RepositoryPath = FLEET) -> Bare:
        return self.store.open(path)

    def work(self, path: RepositoryPath = FLEET) -> Clone:
        return Clone(self.folder / f"work-{path.owner}")

    def pull(self, path: RepositoryPath = FLEET, number: int = 1) -> Pull:
        return pulls.get(self.bare(path), number)

    def branch(self, name: str, path: RepositoryPath = FLEET) -> str | None:
        return self.bare(path).branches().get(name)

    def show(self, file: str, path: RepositoryPath = FLEET, at: str = "main") -> str:
        return self.bare(path).git("show", f"{at}:{file}").stdout.decode()

    def offer(
        self,
        head: str,
        files: dict[str, str],
        *,
        path: RepositoryPath = FLEET,
        title: str = "Change",
        body: str = "",
    ) -> Pull:
        """One more branch with `files`, and a pull request for it into main."""
        self.work(path).commit(head, files, onto="origin/main", message=title)
        draft = PullRequestDraft(head=head, base="main", title=title, body=body)
        return pulls.open_pull(self.bare(path), draft, by="gatehouse")


@pytest.fixture
def far(first_day: Path, tmp_path: Path, settings: Settings) -> Far:
    """The forge in a data folder of the test's own."""
    folder = tmp_path / "day"
    shutil.copytree(first_day, folder)
    settings.GATEHOUSE_DATA = folder / "data"
    return Far(folder)


@pytest.fixture
def emptied(transactional_db: None) -> Iterator[None]:
    """A database that a live server sees too. Emptying it afterwards must get past the guard of
    the audit log, which comes back by itself with the signal that emptying sends."""
    yield
    audit_guard.remove()


@dataclass(frozen=True, kw_only=True)
class People:
    """alice owns iris-blue, bob is a platform admin, charlie is in iris-red, eve is in nothing."""

    alice: User
    bob: User
    charlie: User
    eve: User


@pytest.fixture
def people(db: None, far: Far) -> People:
    """The accounts, and whose each repository is. spare/parts is nobody's."""
    local = Connection.objects.create(
        slug="local", forge="local", webhook_secret_name="webhook-local"
    )
    secret_files.ensure("webhook-local")
    _row(local, FLEET, "platform")
    alice, bob, charlie, eve = (
        User.objects.create_user(name) for name in ("alice", "bob", "charlie", "eve")
    )
    bob.groups.add(Group.objects.create(name=queries.ADMINS))
    for path, user, role in ((BLUE, alice, MemberRole.OWNER), (RED, charlie, MemberRole.MEMBER)):
        tenant = Tenant.objects.create(
            slug=path.owner, home=path.owner, repository=_row(local, path, "tenant")
        )
        Membership.objects.create(tenant=tenant, user=user, role=role)
    return People(alice=alice, bob=bob, charlie=charlie, eve=eve)


def _row(local: Connection, path: RepositoryPath, role: str) -> Repository:
    return Repository.objects.create(
        connection=local,
        owner=path.owner,
        name=path.name,
        role=role,
        next_look_at=timezone.now(),
    )


Browser = Callable[[str], Client]


@pytest.fixture
def browser(people: People) -> Browser:
    """`browser("alice")`: her browser; `browser("")`: somebody who is not signed in."""

    def open_browser(name: str) -> Client:
        client = Client()
        if name:
            client.force_login(getattr(people, name))
        return client

    return open_browser
