"""The two shapes of success: a part of a list, and one object with its tag."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from tenants.api import addresses
from tenants.api.parameters import Window

Represent = Callable[[Sequence[Any]], list[Any]]


def part(
    request: ApiRequest,
    rows: Sequence[Any] | QuerySet[Any],
    count: int,
    window: Window,
    represent: Represent,
) -> Response:
    """The envelope of every list: how many there are, the neighbouring parts, this part."""
    end = window.offset + window.limit
    before = max(0, window.offset - window.limit)
    return Response(
        {
            "count": count,
            "next": _address(request, window, end) if end < count else None,
            "previous": _address(request, window, before) if window.offset else None,
            "results": represent(list(rows[window.offset : end])),
        }
    )


def _address(request: ApiRequest, window: Window, offset: int) -> str:
    query = request.query_params.copy()
    query["limit"], query["offset"] = str(window.limit), str(offset)
    return addresses.absolute(f"{request.path}?{query.urlencode()}")


def tagged(request: ApiRequest, version: int, data: Any) -> Response:
    """The answer, or 304 when the caller has it already.

    The tag begins with the version that people's verbs count up, and goes on with a hash of the
    answer: what git, clusters and other requests do, and who asks, changes it as well.
    """
    fingerprint = hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:20]
    tag = f'"{version}-{fingerprint}"'
    headers = {"ETag": tag}
    seen = [t.removeprefix("W/") for t in parse_etags(request.headers.get("If-None-Match", ""))]
    if tag in seen or "*" in seen:
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)
