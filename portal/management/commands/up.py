"""`manage.py up`: everything, in the foreground."""

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from portal import environment, log
from portal.up import banner, logs, preflight, probe
from portal.up.child import Child
from portal.up.supervisor import Supervisor

_STOP_ORDER = ((frozenset({"web"}), 4.0), (frozenset({"clock", "worker"}), 4.0))
"""First no new requests, then no new work; seconds each."""


class Command(BaseCommand):
    help = "Start web, worker and clock in the foreground; Ctrl-C stops them."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--stop-with-parent",
            action="store_true",
            help="Stop when the process that started this one ends (`make run` does).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        is_orphaned = _orphan_test() if options["stop_with_parent"] else lambda: False
        quiet = not settings.LOG_LEVEL  # the rest is in the files; the terminal stays readable
        if quiet:
            logging.disable(logging.INFO)
        try:
            self._preflight()
            self._prepare_database()
        except preflight.CannotStart as reason:
            self._say(str(reason))
            sys.exit(1)
        except DatabaseError as error:
            self._say(_about_database(error))
            sys.exit(1)
        connections.close_all()
        supervisor = Supervisor(
            _children(quiet=quiet),
            stop_order=_STOP_ORDER,
            probe=probe.of(settings),
            announce=lambda: self._announce(banner.text(demo=settings.DEMO)),
            say=self._say,
            is_orphaned=is_orphaned,
        )
        sys.exit(supervisor.run())

    def _announce(self, text: str) -> None:
        # Somebody who reads this through a file or a pipe waits for it too.
        self.stdout.write(text)
        self.stdout.flush()

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
        self.stderr.flush()

    def _preflight(self) -> None:
        preflight.check_tools()
        preflight.check_demo(
            demo=settings.DEMO, debug=settings.DEBUG, loopback=settings.PUBLIC_URL_IS_LOOPBACK
        )
        preflight.prepare_data_folder(settings.GATEHOUSE_DATA)
        self._lock = preflight.lock_data_folder(settings.GATEHOUSE_DATA)
        preflight.check_address(settings.HOST, settings.PORT)
        logs.rotate(settings.LOGS_DIR)

    def _prepare_database(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
        if settings.DEMO:
            self._seed_once(settings.GATEHOUSE_DATA / "demo-seeded")

    def _seed_once(self, marker: Path) -> None:
        """What people then change in the demo stays changed; a seeding cut short is done again."""
        if marker.exists() and get_user_model().objects.exists():
            return
        call_command("seed_demo")
        marker.touch()


def _orphan_test() -> Callable[[], bool]:
    parent = os.getppid()
    return lambda: os.getppid() != parent


def _about_database(error: DatabaseError) -> str:
    reason = (log.clean(str(error)).strip() or type(error).__name__).splitlines()[0]
    return f"The database cannot be used ({reason}): see DATABASE_URL."


def _children(*, quiet: bool) -> list[Child]:
    environ = environment.for_our_child(os.environ, settings.ENVIRONMENT_TAKEN)
    environ["GATEHOUSE_DATA"] = str(settings.GATEHOUSE_DATA)
    if quiet:
        environ["LOG_LEVEL"] = "WARNING"
    names = ["web", "worker"] if settings.EMBEDDED else ["web", "worker", "clock"]
    return [
        Child(name, f"portal.up.{name}", folder=settings.BASE_DIR, environ=environ)
        for name in names
    ]
