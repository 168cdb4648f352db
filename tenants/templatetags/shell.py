"""What the frame of every page needs: icons, navigation, theme, the age of things."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from tenants import queries
from tenants.views.theme import THEMES, chosen_theme

register = template.Library()

_HOME = "/"
_DOORS = (  # label, address, icon
    ("Home", _HOME, "layout-dashboard"),
    ("New request", "/requests/new/", "plus"),
    ("Requests", "/requests/", "inbox"),
    ("Namespaces", "/namespaces/", "boxes"),
    ("Tenants", "/tenants/", "users"),
    ("Clusters", "/clusters/", "server"),
    ("Forge", "/forge/", "git-pull-request"),
)


@dataclass(frozen=True, kw_only=True)
class Door:
    """One line of the menu. `count`: what waits there for this person; 0 shows nothing."""

    label: str
    url: str
    icon: str
    current: bool
    count: int


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon that says nothing to a screen reader: the words beside it do."""
    return _icon(str(name), str(extra))


@lru_cache(maxsize=256)
def _icon(name: str, extra: str) -> SafeString:
    svg = lucide(name, size=20, aria_hidden="true", focusable="false", class_name="")
    classes = f"icon {extra}".strip()
    # Names and classes are written in templates and tables of ours, never by people.
    return mark_safe(svg.replace('class-name=""', f'class="{classes}"', 1))  # noqa: S308


@register.inclusion_tag("parts/navigation.html", takes_context=True)
def navigation(context: Context, label: str = "Main") -> dict[str, object]:
    """The menu: where things are, and how much waits for this person's decision."""
    request: HttpRequest = context["request"]
    user = getattr(request, "user", AnonymousUser())
    waiting = _waiting(request) if user.is_authenticated else 0
    here = _current(request.path)
    doors = tuple(
        Door(
            label=title,
            url=url,
            icon=symbol,
            current=url == here,
            count=waiting if url == _HOME else 0,
        )
        for title, url, symbol in _DOORS
    )
    return {"doors": doors, "label": label}


def _current(path: str) -> str:
    """The longest address of the menu that this one begins with; home only for itself."""
    under = [url for _, url, _ in _DOORS if path.startswith(url) and url != _HOME]
    return max(under, key=len, default=_HOME if path == _HOME else "")


def _waiting(request: HttpRequest) -> int:
    """Counted once per page, though the menu is there twice (sidebar and phone)."""
    known: int | None = getattr(request, "_waiting_for_me", None)
    if known is None:
        known = queries.queue_for(request.user).count()
        request._waiting_for_me = known  # type: ignore[attr-defined]
    return known


@register.inclusion_tag("parts/account.html", takes_context=True)
def account(context: Context) -> dict[str, object]:
    """Who is signed in, the theme switch, the way out."""
    request: HttpRequest = context["request"]
    return {
        "request": request,
        "user": getattr(request, "user", AnonymousUser()),
        "csrf_token": context.get("csrf_token", ""),
        "themes": THEMES,
        "theme": chosen_theme(request),
        "here": request.get_full_path() if request.method == "GET" else "/",
    }


@register.inclusion_tag("parts/freeze.html")
def freeze_notice() -> dict[str, object]:
    """Says on every page that nothing is written to any forge, and why."""
    return {"freeze": queries.freeze_in_force()}


@register.simple_tag(takes_context=True)
def theme_attribute(context: Context) -> SafeString:
    """` data-theme="dark"` when a person chose one, else nothing: the system decides."""
    request = context.get("request")
    theme = chosen_theme(request) if request is not None else "system"
    return format_html(' data-theme="{}"', theme) if theme != "system" else SafeString("")


_UNITS = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (52, "week"))


@register.simple_tag
def ago(at: datetime | None, suffix: str = " ago") -> SafeString:
    """`<time>` with the age in words a person would use; the exact value on hover."""
    if at is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        f"{at:%Y-%m-%d %H:%M} UTC",
        _age(at, suffix),
    )


def _age(at: datetime, suffix: str) -> str:
    amount = (timezone.now() - at).total_seconds()
    if amount < 45:
        return "just now" if suffix else "under a minute"
    unit = "second"
    for size, name in _UNITS:
        unit = name
        if amount < size:
            break
        amount /= size
    else:
        return f"{at:%-d %b %Y}"
    whole = max(1, int(amount))
    return f"{whole} {unit}{'' if whole == 1 else 's'}{suffix}"
