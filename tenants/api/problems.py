"""Errors as RFC 9457 problem documents, for everything that can go wrong below /api/."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from gitops.errors import Problem
from tenants.api import addresses
from tenants.api.kinds import KINDS, Kind

CONTENT_TYPE = "application/problem+json"
REALM = 'Bearer realm="Gatehouse"'
RETRY_AFTER = 5
"""Seconds after which a caller may ask a database again that did not answer."""

_NOTHING_HERE = "There is nothing at this address, or it is not yours to see."
_log = structlog.get_logger("tenants.api")


class BadQuery(exceptions.APIException):
    """A query string that asks for what does not exist. `problems` names each parameter."""

    status_code = 400
    default_code = "bad-query"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(p.detail for p in self.problems))


class InsufficientScope(exceptions.PermissionDenied):
    """The token may do less than this asks for."""

    default_code = "insufficient-scope"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"This token lacks the scope “{scope}”.")


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to any exception a view raises (DRF's `EXCEPTION_HANDLER`). Never `None`."""
    request: ApiRequest = context["request"]
    kind = _kind(error)
    if kind.status >= 500:
        _log.error("api request failed", kind=kind.slug, exc_info=error)
        got_request_exception.send(sender=handle, request=request._request)
    return Response(
        document(
            kind,
            request._request,
            detail=_detail(error, kind),
            problems=error.problems if isinstance(error, BadQuery) else (),
        ),
        status=kind.status,
        headers=_headers(error, kind),
        content_type=CONTENT_TYPE,
    )


def document(
    kind: Kind, request: HttpRequest, *, detail: str, problems: Iterable[Problem] = ()
) -> dict[str, Any]:
    """The problem document. `errors` is there when fields or parameters can be named."""
    found: dict[str, Any] = {
        "type": addresses.resource("problem", kind.slug),
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "id", ""),
    }
    errors = [asdict(problem) for problem in problems]
    return found | {"errors": errors} if errors else found


_BY_CLASS: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (BadQuery, "bad-query"),
    (InsufficientScope, "insufficient-scope"),
    (exceptions.NotAuthenticated, "not-signed-in"),
    (exceptions.AuthenticationFailed, "invalid-token"),
    (exceptions.PermissionDenied, "not-allowed"),
    (PermissionDenied, "not-allowed"),
    (exceptions.NotFound, "not-found"),
    (Http404, "not-found"),
    (exceptions.MethodNotAllowed, "method-not-allowed"),
    (exceptions.NotAcceptable, "not-acceptable"),
    (exceptions.UnsupportedMediaType, "unsupported-media-type"),
    (exceptions.Throttled, "too-many-requests"),
    (exceptions.ParseError, "malformed"),
    (SuspiciousOperation, "malformed"),
    (OperationalError, "unavailable"),
)


def _kind(error: Exception) -> Kind:
    slug = next((slug for kind, slug in _BY_CLASS if isinstance(error, kind)), "internal")
    return KINDS[slug]


def _detail(error: Exception, kind: Kind) -> str:
    """Our own sentences; a foreign exception's text may hold anything and is never shown."""
    if kind.slug == "not-found":
        return _NOTHING_HERE
    if isinstance(error, exceptions.APIException) and isinstance(error.detail, str):
        return str(error.detail)
    return kind.title + "."


def _headers(error: Exception, kind: Kind) -> dict[str, str]:
    if isinstance(error, InsufficientScope):
        challenge = f'{REALM}, error="insufficient_scope", scope="{error.scope}"'
        return {"WWW-Authenticate": challenge}
    if kind.slug == "invalid-token":
        return {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    if kind.status == 401:
        return {"WWW-Authenticate": REALM}
    if isinstance(error, exceptions.Throttled):
        return {"Retry-After": str(int(getattr(error, "wait", None) or RETRY_AFTER))}
    return {"Retry-After": str(RETRY_AFTER)} if kind.status == 503 else {}
