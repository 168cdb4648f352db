"""What `manage.py check` says of a deployment that starts but had better be different."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.database)
def one_machine_database(**_: Any) -> list[CheckMessage]:
    """SQLite behind workers that could be anywhere."""
    engine = settings.DATABASES["default"]["ENGINE"]
    if settings.EMBEDDED or not engine.endswith("sqlite3"):
        return []
    return [
        Warning(
            "CELERY_BROKER_URL lets workers run on several machines, but DATABASE_URL is SQLite.",
            hint="Keep every process on one machine, or name a PostgreSQL.",
            id="portal.W001",
        )
    ]


@register(Tags.security)
def open_address(**_: Any) -> list[CheckMessage]:
    """Passwords and sessions in clear text over a network."""
    if settings.PUBLIC_URL_IS_LOOPBACK or settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        Warning(
            "PUBLIC_URL is http:// on a network: passwords and sessions travel readable.",
            hint="Put a TLS proxy in front and set PUBLIC_URL to its https:// address.",
            id="portal.W002",
        )
    ]
