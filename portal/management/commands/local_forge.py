"""`manage.py local_forge`: the local forge from a script, as a person would use its pages."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gitops.errors import DeliveryError
from gitops.forges.base import RepositoryPath
from gitops.forges.local import following, merging, pulls
from gitops.forges.local.bare import Bare
from gitops.forges.local.documents import Pull
from gitops.messages import one_line
from portal.localforge import access
from portal.localforge.places import clone_url, look_soon, place_of, the_store
from tenants import queries

Options = Mapping[str, Any]
BOT = "gatehouse"


class Command(BaseCommand):
    help = "Lists the local forge's repositories and pull requests; makes, merges and closes them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="Repositories and their open pull requests.")
        listing.add_argument("repository", nargs="?", metavar="OWNER/REPOSITORY")
        listing.add_argument("--json", action="store_true", help="One JSON document.")
        creating = verbs.add_parser("create", help="Make a repository with a README.")
        creating.add_argument("repository", metavar="OWNER/REPOSITORY")
        creating.add_argument("--as", dest="user", metavar="USER", default="")
        creating.add_argument("--default-branch", default="main", metavar="BRANCH")
        for name, text in (
            ("merge", "Merge a pull request."),
            ("close", "Close it without a merge."),
            ("reopen", "Open a closed one again."),
            ("comment", "Say something about it."),
        ):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("repository", metavar="OWNER/REPOSITORY")
            verb.add_argument("number", type=int, metavar="NUMBER")
            verb.add_argument("--as", dest="user", metavar="USER", required=True)
            if name == "merge":
                verb.add_argument("--squash", action="store_true", help="As one plain commit.")
            if name in ("close", "comment"):
                verb.add_argument(
                    "--comment", default="", required=name == "comment", metavar="TEXT"
                )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verb"] == "list":
                self._list(options)
            elif options["verb"] == "create":
                self._create(options)
            else:
                self._act(_VERBS[options["verb"]], options)
        except DeliveryError as error:
            raise CommandError(str(error)) from error

    def _list(self, options: Options) -> None:
        wanted = [_path(options)] if options["repository"] else the_store().list()
        found = [_described(path) for path in wanted]
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        if not found:
            self.stdout.write("There is no repository yet; local_forge create OWNER/REPOSITORY.")
        for row in found:
            count = len(row["pull_requests"])
            self.stdout.write(f"{row['repository']} ({row['default_branch']}), {count} open")
            for pull in row["pull_requests"]:
                branches = f"{pull['head']} -> {pull['base']}"
                self.stdout.write(f"  #{pull['number']} {pull['title']}  [{branches}]")

    def _create(self, options: Options) -> None:
        path, by = _path(options), BOT
        if options["user"]:
            user = _user(options)
            by = user.username
            if reason := access.why_not_create(queries.actor(user)):
                raise CommandError(reason)
        the_store().create(
            path,
            by=by,
            files={"README.md": f"# {path.name}\n"},
            default_branch=options["default_branch"],
        )
        look_soon(path)
        self.stdout.write(f"{path} is ready: {clone_url(path)}")

    def _act(self, verb: Callable[[Bare, str, Options], Pull], options: Options) -> None:
        path, user = _path(options), _user(options)
        bare = the_store().open(path)
        pull = pulls.get(bare, options["number"])
        if reason := access.why_not_change(queries.actor(user), place_of(path), base=pull.base):
            raise CommandError(f"{user.username}: {reason}")
        done = verb(bare, user.username, options)
        landed = f" as {done.merge_commit}" if done.merge_commit else ""
        self.stdout.write(f"{path} #{done.number} is {done.state}{landed}")


def _merge(bare: Bare, by: str, options: Options) -> Pull:
    land = merging.squash if options["squash"] else merging.merge
    return land(bare, options["number"], by=by)


_VERBS: Mapping[str, Callable[[Bare, str, Options], Pull]] = {
    "merge": _merge,
    "close": lambda bare, by, o: pulls.close(bare, o["number"], comment=o["comment"], by=by),
    "reopen": lambda bare, by, o: pulls.reopen(bare, o["number"], by=by),
    "comment": lambda bare, by, o: pulls.comment(bare, o["number"], o["comment"], by=by),
}


def _path(options: Options) -> RepositoryPath:
    try:
        return RepositoryPath.parse(options["repository"])
    except ValueError as error:
        raise CommandError(str(error)) from error


def _user(options: Options) -> User:
    user = User.objects.filter(username=options["user"], is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {options['user']}.")
    return user


def _described(path: RepositoryPath) -> dict[str, Any]:
    """A repository and its open pull requests, as `--json` prints them."""
    store = the_store()
    bare, facts = store.open(path), store.facts(path)
    following.follow_all(bare)
    return {
        "repository": str(path),
        "default_branch": facts.default_branch,
        "archived": facts.archived,
        "clone_url": clone_url(path),
        "directory": str(store.directory(path)),
        "pull_requests": [
            {
                "number": pull.number,
                "title": one_line(pull.title),
                "state": str(pull.state),
                "head": pull.head,
                "base": pull.base,
                "head_commit": pull.head_commit,
                "author": pull.author,
                "url": f"{settings.PUBLIC_URL}/forge/{path}/pulls/{pull.number}/",
            }
            for pull in following.open_pulls(bare)
        ],
    }
