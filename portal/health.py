"""`/healthz`: the process lives. `/readyz`: it can serve, and what is degraded."""

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gitops.models import Heartbeat

SILENCE = timedelta(seconds=120)
"""A part of the tree not heard of for this long is degraded: longer than a delivery takes."""


class Word(StrEnum):
    """How a part fares. Only `failing` makes the answer 503."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One part, its word, and the reason when it is not ok."""

    part: str
    word: Word
    reason: str = ""


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 whenever a process answers at all; looks at nothing."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """503 when database, migrations or data folder fail; else 200. Every finding is in the body."""
    findings = examine()
    words = {finding.word for finding in findings}
    word = next(w for w in (Word.FAILING, Word.DEGRADED, Word.OK) if w in words)
    checks = {f.part: {"status": f.word, "reason": f.reason} for f in findings}
    status = 503 if word is Word.FAILING else 200
    return JsonResponse({"status": word, "checks": checks}, status=status)


def examine() -> list[Finding]:
    """Look at every part; what cannot be looked at because the database is away is left out."""
    findings = [_database(), _data_folder(), _broker()]
    if findings[0].word is Word.OK:
        migrations = _migrations()
        findings.append(migrations)
        if migrations.word is Word.OK:
            findings += [_part("clock"), _part("worker")]
    return findings


def _database() -> Finding:
    def ask() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return ""

    return _tried("database", ask, Word.FAILING, DatabaseError)


def _migrations() -> Finding:
    def ask() -> str:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return f"{len(waiting)} not applied: run manage.py migrate" if waiting else ""

    if _migrated:
        return Finding(part="migrations", word=Word.OK)
    finding = _tried("migrations", ask, Word.FAILING, DatabaseError)
    if finding.word is Word.OK:
        _migrated.add(True)
    return finding


_migrated: set[bool] = set()
"""Filled once all migrations were seen applied: they do not go back while this process lives."""


def _data_folder() -> Finding:
    def ask() -> str:
        trial = settings.GATEHOUSE_DATA / f".trial-{os.getpid()}-{uuid.uuid4().hex}"
        trial.write_bytes(b"x")
        trial.unlink()
        return ""

    return _tried("data folder", ask, Word.FAILING, OSError)


def _broker() -> Finding:
    def ask() -> str:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1, retry=None
        ) as client:
            client.ping()
        return ""

    if settings.EMBEDDED:
        return Finding(part="broker", word=Word.OK)
    return _tried("broker", ask, Word.DEGRADED, (redis.RedisError, OSError))


def _part(name: str) -> Finding:
    seen = Heartbeat.objects.filter(name=name).values_list("seen_at", flat=True).first()
    if seen is None:
        return Finding(part=name, word=Word.DEGRADED, reason="not heard of yet")
    silence = timezone.now() - seen
    if silence > SILENCE:
        reason = f"not heard of for {int(silence.total_seconds())} s"
        return Finding(part=name, word=Word.DEGRADED, reason=reason)
    return Finding(part=name, word=Word.OK)


def _tried(
    part: str,
    ask: Callable[[], str],
    word: Word,
    errors: type[Exception] | tuple[type[Exception], ...],
) -> Finding:
    """`ask` answers the reason, empty when all is well. An error's text may name hosts and users,
    so only its kind is told."""
    try:
        reason = ask()
    except errors as error:
        reason = f"not usable ({type(error).__name__})"
    return Finding(part=part, word=word if reason else Word.OK, reason=reason)
