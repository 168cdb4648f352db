"""Who is calling over smart HTTP: a session, or an API token as git clients can send one."""

import base64
import binascii

from django.contrib.auth.models import User
from django.http import HttpRequest

from tenants import tokens


def caller(request: HttpRequest) -> User | None:
    """The person behind a request, or None.

    A given Authorization header decides alone: `Bearer <token>`, or `Basic` with the token as the
    password beside any user name. Without one it is the session's user.
    """
    header = request.headers.get("Authorization", "")
    if header:
        token = _token(header)
        return tokens.authenticate(token) if token else None
    user = request.user
    return user if isinstance(user, User) and user.is_active else None


def _token(header: str) -> str:
    """The token in an Authorization header (RFC 7617, RFC 6750); "" when there is none."""
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
