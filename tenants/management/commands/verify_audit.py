"""`manage.py verify_audit`: prove the audit chain."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from tenants import audit


class Command(BaseCommand):
    help = "Walks the audit chain: exit 0 and the count, or exit 1 and the first broken row."

    def handle(self, *args: Any, **options: Any) -> None:
        proof = audit.verify()
        if proof.broken_at is None:
            self.stdout.write(f"{proof.count} events, the chain holds.")
            return
        self.stderr.write(f"Event {proof.broken_at}: {proof.why}. {proof.count} before it hold.")
        sys.exit(1)
