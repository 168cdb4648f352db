"""`manage.py create_token USER --name N --scope S`: prints the token once, alone on a line."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import tokens


class Command(BaseCommand):
    help = "Makes an API token for USER and prints it, once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USER")
        parser.add_argument("--name", required=True, help="What the token is for.")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=[s.value for s in tokens.Scope],
            help="May be given several times.",
        )
        parser.add_argument("--days", type=int, default=90, help="How long it lives (default 90).")

    def handle(self, *args: Any, **options: Any) -> None:
        user = get_user_model().objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {options['username']}.")
        try:
            _, text = tokens.create(
                owner=user, name=options["name"], scopes=options["scope"], days=options["days"]
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)
