"""Merged is not ready: a cluster that reports has the last word."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from gitops import events, secret_files
from gitops.models import Condition
from tenants import queries
from tenants.models import Cluster, Request
from tests.world import World, pull_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def event(commit: str, **changes: Any) -> bytes:
    facts = {
        "involvedObject": {
            "kind": "Kustomization",
            "namespace": "flux-system",
            "name": "tenant-iris-blue",
        },
        "severity": "info",
        "timestamp": NOW.isoformat(),
        "message": "Reconciliation finished",
        "reason": "ReconciliationSucceeded",
        "metadata": {"revision": f"main@sha1:{commit}"},
    }
    return json.dumps(facts | changes).encode()


def send(client: Client, body: bytes, cluster: str = "dev-1", key: bytes | None = None) -> int:
    secret = key if key is not None else secret_files.ensure(f"flux-{cluster}")
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    answer = client.post(
        f"/hooks/flux/{cluster}/",
        body,
        content_type="application/json",
        headers={events.SIGNATURE_HEADER: signature},
    )
    return answer.status_code


@pytest.fixture
def merged(world: World) -> Request:
    """A request that is merged, on a cluster that reports."""
    Cluster.objects.filter(name="dev-1").update(reports=True)
    secret_files.ensure("flux-dev-1")
    request = world.approved()
    world.deliver()
    world.merge(pull_of(world, request).number)
    world.hurry()
    return Request.objects.get(pk=request.pk)


def phase(request: Request) -> str:
    return queries.phase_of(Request.objects.get(pk=request.pk)).key


def test_merged_waits_for_the_report_and_then_is_ready(
    world: World, merged: Request, client: Client
) -> None:
    assert phase(merged) == "reconciling"
    assert merged.settled_at is None
    head = world.git("rev-parse", "main").strip()
    assert send(client, event(head)) == 202
    world.deliver()
    assert phase(merged) == "ready"
    assert Request.objects.get(pk=merged.pk).settled_at is not None


def test_a_later_commit_that_contains_the_merge_counts(
    world: World, merged: Request, client: Client
) -> None:
    later = world.push_file("README.md", "# later\n")
    send(client, event(later))
    world.deliver()
    assert phase(merged) == "ready"


def test_an_older_commit_says_nothing(world: World, merged: Request, client: Client) -> None:
    older = world.git("rev-parse", "main^1").strip()
    assert send(client, event(older)) == 202
    world.deliver()
    assert phase(merged) == "reconciling"


def test_a_failure_is_told_and_a_later_success_mends_it(
    world: World, merged: Request, client: Client
) -> None:
    head = world.git("rev-parse", "main").strip()
    send(client, event(head, severity="error", reason="HealthCheckFailed", message="no pods"))
    world.deliver()
    assert phase(merged) == "not-reconciled"
    assert Condition.objects.get().message == "no pods"
    send(client, event(head, timestamp=(NOW + timedelta(minutes=1)).isoformat()))
    world.deliver()
    assert phase(merged) == "ready"


def test_a_late_old_report_changes_nothing(world: World, merged: Request, client: Client) -> None:
    head = world.git("rev-parse", "main").strip()
    send(client, event(head))
    before = (NOW - timedelta(minutes=1)).isoformat()
    send(client, event(head, severity="error", reason="Failed", timestamp=before))
    world.deliver()
    assert phase(merged) == "ready"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (json.dumps({"involvedObject": {}}).encode(), 200),
        (event("0" * 40, timestamp="yesterday"), 400),
        (event("0" * 40, involvedObject={"kind": "HelmRelease"}), 200),
        (event("0" * 40, metadata={"revision": "main@sha1:zzz"}), 200),
        (event("0" * 40, reason="Progressing"), 200),
        (b" " * (1 << 20) + b"{}", 413),
    ],
)
def test_bodies_that_are_no_report(world: World, client: Client, body: bytes, status: int) -> None:
    assert send(client, body) == status


def test_nothing_is_believed_without_the_clusters_own_secret(world: World, client: Client) -> None:
    body = event("0" * 40)
    secret_files.ensure("flux-dev-2")
    assert send(client, body, key=b"wrong") == 401
    assert send(client, body, key=b"") == 401
    assert send(client, body, key=secret_files.read("flux-dev-2")) == 401
    assert (
        client.post("/hooks/flux/dev-1/", body, content_type="application/json").status_code == 401
    )
    assert client.get("/hooks/flux/dev-1/").status_code == 405


def test_the_command_prints_what_the_cluster_needs(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("flux_reports", "dev-1")
    printed = capsys.readouterr()
    assert "generic-hmac" in printed.out
    assert secret_files.read("flux-dev-1").decode() not in printed.out
    assert secret_files.read("flux-dev-1").decode() in printed.err
    assert Cluster.objects.get(name="dev-1").reports
    call_command("flux_reports", "dev-1", "--off")
    assert not Cluster.objects.get(name="dev-1").reports
