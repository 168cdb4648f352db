"""Signing in and out with local accounts."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, path

from portal.up import banner
from tenants import queries
from tenants.inventory import MemberRole

_DEFAULT_DEMO_PASSWORD = "demo"  # noqa: S105 - the one everybody may know
_DEMO_ACCOUNTS = tuple(name for name, _ in banner.ACCOUNTS)


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """An account of the demo, and what one can try with it."""

    username: str
    what: str


class SignIn(LoginView):
    """The sign-in page; in a demo it also says which accounts there are."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = settings.DEMO and settings.PUBLIC_URL_IS_LOOPBACK
        known = settings.DEMO_PASSWORD == _DEFAULT_DEMO_PASSWORD
        return super().get_context_data(
            demo_accounts=_demo_accounts() if shown else (),
            demo_password=_DEFAULT_DEMO_PASSWORD if shown and known else "",
            **kwargs,
        )


def _demo_accounts() -> tuple[DemoAccount, ...]:
    people = (
        User.objects.filter(username__in=_DEMO_ACCOUNTS, is_active=True)
        .order_by("username")
        .prefetch_related("memberships__tenant")
    )
    return tuple(DemoAccount(username=p.username, what=_what(p)) for p in people)


def _what(person: User) -> str:
    if queries.actor(person).is_platform_admin:
        return "platform admin: decides"
    roles = [
        f"{'owner' if m.role == MemberRole.OWNER else 'member'} of {m.tenant.slug}"
        for m in person.memberships.all()
    ]
    return ", ".join(roles) or "belongs to no tenant yet"


urlpatterns: list[URLPattern] = [
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
