"""`manage.py unfreeze`: writing to forges goes on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tenants import freezing


class Command(BaseCommand):
    help = "Lets writes to forges go on; what was approved meanwhile is delivered now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", default="operator", help="Who turns the switch.")

    def handle(self, *args: Any, **options: Any) -> None:
        lifted = freezing.unfreeze(by=options["by"])
        self.stdout.write("Not frozen any more." if lifted else "It was not frozen.")
