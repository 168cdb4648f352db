"""What every page of the forge begins with: the repository, and who is looking at it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from gitops.errors import DeliveryError
from gitops.forges.base import Missing, RepositoryPath
from gitops.forges.local.bare import Bare
from gitops.forges.local.repository import RepositoryFacts
from portal.localforge import access
from portal.localforge.access import Place
from portal.localforge.places import place_of, the_store
from tenants import queries
from tenants.permissions import Actor
from tenants.views.people import person, signed_in


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A person at a repository that they may see."""

    actor: Actor
    place: Place
    bare: Bare
    facts: RepositoryFacts

    @property
    def path(self) -> RepositoryPath:
        return self.facts.path

    @property
    def owner(self) -> str:
        return self.path.owner

    @property
    def name(self) -> str:
        return self.path.name


View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    return queries.actor(person(request))


def visit(actor: Actor, path: RepositoryPath) -> Visit:
    """The repository, for somebody who may see it. Raises `Missing`, as if it were not there."""
    place = place_of(path)
    if reason := access.why_not_look(actor, place):
        raise Missing(reason)
    store = the_store()
    return Visit(actor=actor, place=place, bare=store.open(path), facts=store.facts(path))


def repository_page(view: View) -> View:
    """A page at `/forge/<owner>/<name>/…`: signed in, and only for those who may see it.

    The view gets a `Visit` in place of owner and name, then the rest of the address by name.
    What is not there is a 404; a repository that cannot be read now is a 503 that says so.
    """

    @wraps(view)
    def page(request: HttpRequest, owner: str, name: str, **rest: Any) -> HttpResponse:
        try:
            found = visit(actor_of(request), RepositoryPath(owner=owner, name=name))
            return view(request, found, **rest)
        except Missing as error:
            raise Http404 from error
        except DeliveryError as error:
            return unavailable(request, error)

    return signed_in(page)


def unavailable(request: HttpRequest, error: DeliveryError) -> HttpResponse:
    """503: git or the store did not do their part. `error` is scrubbed where it was raised."""
    return render(request, "forge/unavailable.html", {"reason": str(error)}, status=503)
