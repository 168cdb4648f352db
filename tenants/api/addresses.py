"""Absolute addresses, always below PUBLIC_URL, whatever host name the caller used."""

from django.conf import settings
from django.urls import reverse


def absolute(path: str) -> str:
    """The address of a path of this portal."""
    return f"{settings.PUBLIC_URL}{path}"


def resource(name: str, *args: object) -> str:
    """The address of a resource of the API, by the name of its route."""
    return absolute(reverse(f"api:{name}", args=args))


def page(name: str, *args: object) -> str:
    """The address of the page a person looks at."""
    return absolute(reverse(name, args=args))
