"""What the API answers. What `tenants.queries` does not let a caller see is a 404."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import queries
from tenants.api import addresses
from tenants.api.answers import part, tagged
from tenants.api.authentication import caller
from tenants.api.kinds import KINDS
from tenants.api.listing import ORDERINGS, matching
from tenants.api.parameters import Parameters
from tenants.api.readings import readings
from tenants.api.serializers import (
    EventSerializer,
    MembershipSerializer,
    RequestSerializer,
    TokenSerializer,
    person,
    represent,
)
from tenants.models import Request
from tenants.timeline import Event


class ApiView(APIView):
    """What all answers have in common: they are one caller's own, and never served unasked."""

    http_method_names: Sequence[str] = ("get", "post", "patch", "delete", "head")

    def finalize_response(
        self, request: ApiRequest, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
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
                "memberships": represent(MembershipSerializer(), memberships),
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

        def shown(page: Sequence[Request]) -> list[Any]:
            return represent(RequestSerializer(), readings(page, who))

        ordered = rows.order_by(*order, "-number")
        return part(request, ordered, rows.count(), window, shown)


class OneRequest(ApiView):
    """One request, by number or id."""

    def get(self, request: ApiRequest, reference: str) -> Response:
        Parameters(request.query_params).check()
        who = caller(request)
        row = _find(queries.visible_requests(who.user), reference)
        [reading] = readings([row], who)
        return tagged(request, row.version, RequestSerializer(reading).data)


class Events(ApiView):
    """What happened to a request, oldest first."""

    def get(self, request: ApiRequest, reference: str) -> Response:
        parameters = Parameters(request.query_params)
        window = parameters.window()
        parameters.check()
        row = _find(queries.visible_requests(caller(request).user), reference)
        events = queries.timeline(row)

        def shown(page: Sequence[Event]) -> list[Any]:
            return represent(EventSerializer(), page)

        return part(request, events, len(events), window, shown)


class Nothing(ApiView):
    """Every other address below /api/, for everybody and every method."""

    def initial(self, request: ApiRequest, *args: Any, **kwargs: Any) -> None:
        raise NotFound


class ProblemPage(ApiView):
    """What an error means and what to do about it: the page behind its `type`, for everybody."""

    def initial(self, request: ApiRequest, *args: Any, **kwargs: Any) -> None:
        """Nobody has to be signed in, and it is text whatever is accepted."""

    def get(self, request: ApiRequest, slug: str) -> HttpResponse:
        kind = KINDS.get(slug)
        if kind is None:
            raise NotFound
        text = f"{kind.title}\n\nStatus: {kind.status}\n\n{kind.todo}\n"
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


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
