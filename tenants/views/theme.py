"""Light, dark, or as the reader's system says: a cookie, so that no page ever flashes."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = (("light", "Light", "sun"), ("dark", "Dark", "moon"), ("system", "System", "monitor"))
_KNOWN = frozenset(key for key, _, _ in THEMES)
_YEAR = 365 * 24 * 60 * 60


def chosen_theme(request: HttpRequest) -> str:
    """What the cookie says; anything unknown in it counts as no choice."""
    theme = request.COOKIES.get("theme", "system")
    return theme if theme in _KNOWN else "system"


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """The way without JavaScript; with it, `theme.js` sets the same cookie by itself."""
    theme = request.POST.get("theme", "system")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    if theme in _KNOWN:
        response.set_cookie(
            "theme",
            theme,
            max_age=_YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
