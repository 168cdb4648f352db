"""`manage.py generate_docs`: write the generated pages, or say which are stale."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.reference import PAGES, stale


class Command(BaseCommand):
    help = "Write the documentation that is generated from the code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when stale.")

    def handle(self, *args: Any, **options: Any) -> None:
        paths = stale(settings.BASE_DIR)
        if options["check"]:
            if paths:
                raise CommandError(f"Stale, write anew with `make docs`: {', '.join(paths)}")
            return
        for path in paths:
            target = settings.BASE_DIR / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(PAGES[path]())
            self.stdout.write(path)
