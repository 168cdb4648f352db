"""`manage.py flux_reports CLUSTER`: let Flux on a cluster tell Gatehouse what it applied."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gitops import secret_files
from gitops.manifests.dump import dump
from tenants.models import Cluster

_NAME = "gatehouse"
_NAMESPACE = "flux-system"


class Command(BaseCommand):
    help = (
        "Makes the cluster's secret and prints the objects that make Flux report to Gatehouse. "
        "From then on a request is ready only when Flux says so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cluster")
        parser.add_argument("--off", action="store_true", help="Do not wait for reports any more.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["cluster"]
        if Cluster.objects.filter(name=name).update(reports=not options["off"]) != 1:
            raise CommandError(f"There is no cluster {name}.")
        if options["off"]:
            self.stdout.write(f"{name} is not waited for any more.")
            return
        token = secret_files.ensure(f"flux-{name}").decode()
        self.stderr.write(
            f"# The secret is not for git. On {name}:\n"
            f"kubectl -n {_NAMESPACE} create secret generic {_NAME} "
            f"--from-literal=token={token}\n"
            "# The rest belongs into the platform repository:"
        )
        self.stdout.write(dump(_objects(name)), ending="")


def _objects(cluster: str) -> list[dict[str, Any]]:
    """A signed provider and an alert for the tenants' Kustomizations."""
    return [
        {
            "apiVersion": "notification.toolkit.fluxcd.io/v1beta3",
            "kind": "Provider",
            "metadata": {"name": _NAME, "namespace": _NAMESPACE},
            "spec": {
                "type": "generic-hmac",
                "address": f"{settings.PUBLIC_URL}/hooks/flux/{cluster}/",
                "secretRef": {"name": _NAME},
            },
        },
        {
            "apiVersion": "notification.toolkit.fluxcd.io/v1beta3",
            "kind": "Alert",
            "metadata": {"name": _NAME, "namespace": _NAMESPACE},
            "spec": {
                "eventSeverity": "info",
                "eventSources": [{"kind": "Kustomization", "name": "*"}],
                "providerRef": {"name": _NAME},
            },
        },
    ]
