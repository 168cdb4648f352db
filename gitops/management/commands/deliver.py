"""`manage.py deliver --once`: one pass of the sweep in the foreground."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gitops import delivery
from gitops.models import Repository


class Command(BaseCommand):
    help = "Advances every repository that has something due, here and now, without a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One pass, then exit.")
        parser.add_argument(
            "--all", action="store_true", help="Look at every repository, due or not."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            raise CommandError("Say --once; the running worker delivers all the time.")
        repositories = Repository.objects.all() if options["all"] else delivery.due_repositories()
        for repository in list(repositories):
            outcome = delivery.deliver(repository.pk)
            self.stdout.write(f"{repository} {outcome}")
