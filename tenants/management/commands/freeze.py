"""`manage.py freeze --reason …`: from now on nothing is written to any forge."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import freezing


class Command(BaseCommand):
    help = "Stops every write to every forge until `unfreeze`. Reading and deciding go on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="People will ask; it is on every page.")
        parser.add_argument("--by", default="operator", help="Who turns the switch.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            frozen = freezing.freeze(by=options["by"], reason=options["reason"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Frozen." if frozen else "Frozen already; the reason stays as it was.")
