"""What the API answers. Reading goes through `tenants.queries`: what a caller cannot see is a 404."""

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import queries
from tenants.api import addresses
from tenants.api.authentication import caller
from tenants.api.kinds import KINDS
from tenants.api.listing import ORDERINGS, matching
from tenants.api.parameters import Parameters, Window
from tenants.api.readings import readings
from tenants.api.serializers import (
    EventSerializer,
    MembershipSerializer,
    RequestSerializer,
    TokenSerializer,
    person,
)
from tenants.models import Request


class ApiView(APIView):
    """What all answers have in common: they are one caller's own, and never served unasked."""

    http_method_names = ["get", "post", "patch", "delete", "head"]

    def finalize_response(
        self, request: HttpRequest, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        return response


class Me(ApiView):
    """Who the caller is to the portal."""

    def get(self, request: ApiRequest) -> Response:
        Parameters(request.query_params).check()
        who = caller(request)
        memberships = who.user.memberships.select_related("tenant").order_by("tenant__slug")
        return Response(
            {
                **person(who.user),
                "url": addresses.resource("me"),
                "is_platform_admin": queries.actor(who.user).is_platform_admin,
                "memberships": MembershipSerializer(memberships, many=True).data,
                "token": TokenSerializer(who.token).data if who.token else None,
            }
        )


class Requests(ApiView):
    """The requests the caller may see."""

    def get(self, request: ApiRequest) -> Response:
        who = caller(request)
        parameters = Parameters(request.query_params)
        window = parameters.window()
        order = parameters.ordering(ORDERINGS, default="-number")
        rows = matching(queries.visible_requests(who.user), parameters)
        parameters.check()

        def represent(page: Sequence[Request]) -> list[Any]:
            return list(RequestSerializer(readings(page, who), many=True).data)

        ordered = rows.order_by(*order, "-number")
        return Response(_part(request, ordered, rows.count(), window, represent))


class OneRequest(ApiView):
    """One request, by number or id."""

    def get(self, request: ApiRequest, reference: str) -> Response:
        Parameters(request.query_params).check()
        who = caller(request)
        row = _find(queries.visible_requests(who.user), reference)
        [reading] = readings([row], who)
        return _conditional(request, row.version, RequestSerializer(reading).data)


class Events(ApiView):
    """What happened to a request, oldest first."""

    def get(self, request: ApiRequest, reference: str) -> Response:
        parameters = Parameters(request.query_params)
        window = parameters.window()
        parameters.check()
        row = _find(queries.visible_requests(caller(request).user), reference)
        events = queries.timeline(row)

        def represent(page: Sequence[Any]) -> list[Any]:
            return list(EventSerializer(page, many=True).data)

        return Response(_part(request, events, len(events), window, represent))


class Nothing(ApiView):
    """Every other address below /api/, for everybody and every method."""

    def initial(self, request: ApiRequest, *args: Any, **kwargs: Any) -> None:
        raise NotFound


def problem_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What an error means and what to do about it: the page behind its `type`."""
    kind = KINDS.get(slug)
    if kind is None:
        return HttpResponse("There is no such kind of error.\n", status=404, content_type=_PLAIN)
    text = f"{kind.title}\n\nStatus: {kind.status}\n\n{kind.todo}\n"
    return HttpResponse(text, content_type=_PLAIN)


_PLAIN = "text/plain; charset=utf-8"


def _find(visible: QuerySet[Request], reference: str) -> Request:
    """The visible request with this number or id. Raises `NotFound`."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", reference):
        found = visible.filter(number=int(reference)).first()
    else:
        found = visible.filter(pk=_as_uuid(reference)).first()
    if found is None:
        raise NotFound
    return found


def _as_uuid(text: str) -> uuid.UUID:
    """Only the form in which ids are given out. Raises `NotFound`."""
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise NotFound
    return uuid.UUID(text)


def _part[Row](
    request: ApiRequest,
    rows: Sequence[Row] | QuerySet[Any],
    count: int,
    window: Window,
    represent: Callable[[Sequence[Row]], list[Any]],
) -> dict[str, Any]:
    """The envelope of every list: how many there are, the neighbouring parts, this part."""
    end = window.offset + window.limit
    before = max(0, window.offset - window.limit)
    return {
        "count": count,
        "next": _address(request, window, end) if end < count else None,
        "previous": _address(request, window, before) if window.offset else None,
        "results": represent(list(rows[window.offset : end])),
    }


def _address(request: ApiRequest, window: Window, offset: int) -> str:
    query = request.query_params.copy()
    query["limit"], query["offset"] = str(window.limit), str(offset)
    return addresses.absolute(f"{request.path}?{query.urlencode()}")


def _conditional(request: ApiRequest, version: int, data: Any) -> Response:
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
