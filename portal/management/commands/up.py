"""`manage.py up`: everything, in the foreground."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from portal import environment
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
        try:
            self._preflight()
        except preflight.CannotStart as reason:
            self._say(str(reason))
            sys.exit(1)
        seeded = self._prepare_database()
        connections.close_all()
        supervisor = Supervisor(
            _children(),
            stop_order=_STOP_ORDER,
            probe=probe.of(settings),
            announce=lambda: self.stdout.write(banner.text(demo=seeded)),
            say=self._say,
            is_orphaned=is_orphaned,
        )
        sys.exit(supervisor.run())

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

    def _prepare_database(self) -> bool:
        """Migrate; seed the demo fleet when there is nobody yet. Whether the demo is there."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
        if not settings.DEMO or "seed_demo" not in get_commands():
            return False
        if not get_user_model().objects.exists():
            call_command("seed_demo")
        return True


def _orphan_test() -> Callable[[], bool]:
    parent = os.getppid()
    return lambda: os.getppid() != parent


def _children() -> list[Child]:
    environ = environment.for_our_child(os.environ, settings.ENVIRONMENT_TAKEN)
    environ["GATEHOUSE_DATA"] = str(settings.GATEHOUSE_DATA)
    if not settings.LOG_LEVEL:
        environ["LOG_LEVEL"] = "WARNING"  # the rest is in the files; the terminal stays readable
    names = ["web", "worker"] if settings.EMBEDDED else ["web", "worker", "clock"]
    return [
        Child(name, f"portal.up.{name}", folder=settings.BASE_DIR, environ=environ)
        for name in names
    ]
