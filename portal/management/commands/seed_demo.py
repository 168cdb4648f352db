"""`manage.py seed_demo`: the demo fleet, made once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo import seeding


class Command(BaseCommand):
    help = "Makes the demo fleet: accounts, clusters, tenants and repositories. Twice is once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not settings.PUBLIC_URL_IS_LOOPBACK:
            raise CommandError(
                "The demo's passwords are known to everybody: it is refused unless PUBLIC_URL is "
                "a loopback address."
            )
        seeding.seed()
        self.stdout.write("The demo fleet is there.")
