"""The page of last resort. 403, 404 and a stale form need no code: Django finds their templates."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def server_error(request: HttpRequest) -> HttpResponse:
    """500: no database, no session, no tags; only the id under which the log has the details.

    Wired as `handler500` in `portal.urls`.
    """
    page = render_to_string("500.html", {"request_id": getattr(request, "id", "")})
    return HttpResponse(page, status=500)
