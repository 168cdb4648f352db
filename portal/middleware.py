"""What every response carries: a request id and the content security policy."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from tenants import audit

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_SANE = re.compile(r"[A-Za-z0-9._\-]{8,64}")
_QUIET = ("/static/", "/healthz", "/readyz")
_log = structlog.get_logger("portal.request")


class RequestIdMiddleware:
    """`X-Request-ID` in and out: a sane one is kept, so that a caller's log and ours meet.

    The id is on `request.id`, in every log line and audit event of the request, and on the
    response.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _SANE.fullmatch(given) else str(uuid.uuid4())
        request.id = request_id  # type: ignore[attr-defined]
        started = time.monotonic()
        token = audit.current_request_id.set(request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            if not request.path.startswith(_QUIET):
                _log.info(
                    "request",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    milliseconds=round((time.monotonic() - started) * 1000),
                )
        audit.current_request_id.reset(token)
        response["X-Request-ID"] = request_id
        return response


class ContentSecurityPolicyMiddleware:
    """The policy of `settings.SECURE_CSP`, the same on every response, and two more headers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._policy = "; ".join(
            f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items()
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["Content-Security-Policy"] = self._policy
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return response
