#!/usr/bin/env python3
"""Gatehouse's commands: `manage.py help` lists them."""

import os
import sys


def main() -> int:
    """Run one command. Exit code 2: Gatehouse is not installed or its settings are refused."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        print(
            "Django is not importable by this Python: type `make run` once, then use"
            " `.venv/bin/python manage.py`.",
            file=sys.stderr,
        )
        return 2
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2
    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
