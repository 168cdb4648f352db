"""Who is looking: every page but the sign-in needs somebody."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse

from tenants import queries
from tenants.models import Request

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(view: View[P]) -> View[P]:
    """Send nobody to the sign-in page, and back here afterwards.

    A fragment is refused instead: a sign-in page has no place inside the page it is asked for.
    """
    behind = login_required(view)

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if "HX-Request" in request.headers and not request.user.is_authenticated:
            return HttpResponse("Sign in again.", status=401, content_type="text/plain")
        return behind(request, *args, **kwargs)

    return guarded


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
