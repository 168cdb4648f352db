"""Who is calling: a bearer token or a session, and how much of its owner a token may be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request as ApiRequest

from tenants import tokens
from tenants.api.problems import REALM, InsufficientScope
from tenants.models import ApiToken
from tenants.tokens import Scope

if TYPE_CHECKING:  # its module reads the settings that name the classes here
    from rest_framework.views import APIView


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person, and the token they act by; no token is a session, which may do it all."""

    user: User
    token: ApiToken | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the token, if there is one, covers this."""
        return self.token is None or scope.value in self.token.scopes


def caller(request: ApiRequest) -> Caller:
    """Who is calling, behind the permission that somebody is signed in."""
    token = request.auth if isinstance(request.auth, ApiToken) else None
    return Caller(user=cast(User, request.user), token=token)


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer gh_<id>.<secret>`. Other schemes are left to whoever knows them.

    Every dead token gets the same answer: which ids exist, or existed, is nobody's business.
    """

    def authenticate(self, request: ApiRequest) -> tuple[Any, ApiToken] | None:
        scheme, _, text = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = tokens.find(text.strip().decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        return token.owner, token

    def authenticate_header(self, request: ApiRequest) -> str:
        return REALM


class ScopeCovers(BasePermission):
    """A token needs the scope the view names (`read` unless it says otherwise)."""

    def has_permission(self, request: ApiRequest, view: "APIView") -> bool:
        needed: Scope = getattr(view, "scope", Scope.READ)
        if not caller(request).may(needed):
            raise InsufficientScope(needed.value)
        return True
