"""The repositories of the local forge: the list, and a new one."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from gitops.errors import DeliveryError
from gitops.forges.base import RepositoryPath
from gitops.forges.local.contents import PullCommit
from gitops.forges.local.following import open_numbers
from gitops.forges.local.store import LocalStore
from portal.localforge import access, browsing
from portal.localforge.access import Place
from portal.localforge.places import all_places, look_soon, the_store
from portal.localforge.views.common import actor_of
from tenants.views.people import person, signed_in

PER_PAGE = 25


@dataclass(frozen=True, kw_only=True)
class Row:
    """A repository in the list; `broken` says why the rest is not known."""

    path: RepositoryPath
    whose: str
    default_branch: str = ""
    archived: bool = False
    open_pulls: int = 0
    commit: PullCommit | None = None
    broken: str = ""


@signed_in
def repository_list(request: HttpRequest) -> HttpResponse:
    """The repositories this person may see, with what is open in each."""
    return _list(request)


@signed_in
def create(request: HttpRequest) -> HttpResponse:
    """Make a repository with a README as its first commit; platform admins only."""
    if reason := access.why_not_create(actor_of(request)):
        raise PermissionDenied(reason)
    if request.method != "POST":
        return redirect("forge-repositories")
    typed = request.POST.get("repository", "").strip()[:201]
    try:
        path = RepositoryPath.parse(typed)
        files = {"README.md": f"# {path.name}\n"}
        the_store().create(path, by=person(request).username, files=files)
        look_soon(path)
    except (ValueError, DeliveryError) as error:
        return _list(request, typed=typed, problem=str(error), status=422)
    messages.success(request, f"{path} is ready to be cloned.")
    return redirect("forge-repository", owner=path.owner, name=path.name)


def _list(
    request: HttpRequest, *, typed: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    actor, places, store = actor_of(request), all_places(), the_store()
    visible = [
        path
        for path in store.list()
        if access.why_not_look(actor, places.get(path, Place())) is None
    ]
    page = Paginator(visible, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(store, path, places.get(path, Place())) for path in page.object_list],
        "may_create": access.why_not_create(actor) is None,
        "typed": typed,
        "problem": problem,
    }
    return render(request, "forge/repositories.html", context, status=status)


def _row(store: LocalStore, path: RepositoryPath, place: Place) -> Row:
    whose = "platform" if place.platform else ", ".join(sorted(set(place.tenants.values())))
    try:
        facts, bare = store.facts(path), store.open(path)
        spot = browsing.tip(bare, facts.default_branch)
        return Row(
            path=path,
            whose=whose,
            default_branch=facts.default_branch,
            archived=facts.archived,
            open_pulls=len(open_numbers(bare)),
            commit=next(iter(browsing.commits(bare, spot, limit=1)), None) if spot else None,
        )
    except DeliveryError as error:
        return Row(path=path, whose=whose, broken=str(error))
