"""Who is looking: every page but the sign-in needs somebody."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse

from tenants import queries
from tenants.models import Request

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: View[P]) -> View[P]:
    """Send nobody to the sign-in page, and back here afterwards."""
    return cast(View[P], login_required(view))


def person(request: HttpRequest) -> User:
    """The signed-in user, behind `signed_in`."""
    return cast(User, request.user)


def visible_request(request: HttpRequest, number: int) -> Request:
    """The request with this number, if this person may see it. Raises Http404 otherwise."""
    found = (
        queries.visible_requests(person(request))
        .select_related("requester", "tenant")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise Http404
    return found
