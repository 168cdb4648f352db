"""The buttons of a pull request's page: what a person does on a forge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from gitops.errors import Cause, DeliveryError
from gitops.forges.base import AlreadyExists, Invalid, Missing, NotPermitted
from gitops.forges.local import merging, pulls
from gitops.forges.local.documents import Pull
from portal.localforge import access
from portal.localforge.views.common import Visit, repository_page
from portal.localforge.views.pulls import Notice, show


@dataclass(frozen=True, kw_only=True)
class Click:
    """What a button does with a pull request, and what the page says afterwards."""

    call: Callable[[Visit, Pull, str], object]
    done: str = ""
    lands: bool = False  # only what was shown: refused when the source branch moved since


def _by(visit: Visit) -> str:
    return visit.actor.username


def _delete(visit: Visit, pull: Pull, comment: str) -> None:
    reason = access.why_not_delete(visit.actor, visit.place, base=pull.base, branch=pull.head)
    if reason:
        raise NotPermitted(reason)
    pulls.delete_branch(visit.bare, pull.head, by=_by(visit))


CLICKS: Mapping[str, Click] = {
    "merge": Click(
        call=lambda visit, pull, _: merging.merge(visit.bare, pull.number, by=_by(visit)),
        done="Merged.",
        lands=True,
    ),
    "squash": Click(
        call=lambda visit, pull, _: merging.squash(visit.bare, pull.number, by=_by(visit)),
        done="Squashed into one commit and merged.",
        lands=True,
    ),
    "close": Click(
        call=lambda visit, pull, comment: pulls.close(
            visit.bare, pull.number, comment=comment, by=_by(visit)
        ),
        done="Closed without a merge.",
    ),
    "reopen": Click(
        call=lambda visit, pull, _: pulls.reopen(visit.bare, pull.number, by=_by(visit)),
        done="Open again.",
    ),
    "comment": Click(
        call=lambda visit, pull, comment: pulls.comment(
            visit.bare, pull.number, comment, by=_by(visit)
        ),
    ),
    "delete-branch": Click(call=_delete, done="The source branch is deleted."),
    "restore-branch": Click(
        call=lambda visit, pull, _: pulls.restore_branch(visit.bare, pull.number, by=_by(visit)),
        done="The source branch is there again.",
    ),
}


@repository_page
def act(request: HttpRequest, found: Visit, number: int, action: str) -> HttpResponse:
    """Do what a button says. A plain visit (after signing in again) leads to the page."""
    click = CLICKS.get(action)
    if click is None:
        raise Http404
    pull = pulls.get(found.bare, number)
    if request.method == "POST":
        notice, status = _press(request, found, pull, click)
        if notice:
            return show(request, found, number, notice=notice, status=status)
        if click.done:
            messages.success(request, click.done)
    return redirect("forge-pull", owner=found.owner, name=found.name, number=number)


def _press(
    request: HttpRequest, found: Visit, pull: Pull, click: Click
) -> tuple[Notice | None, int]:
    typed = request.POST.get("comment", "").replace("\r\n", "\n").strip()
    if reason := access.why_not_change(found.actor, found.place, base=pull.base):
        return Notice(title="This is not open to you", text=reason, typed=typed), 403
    seen = request.POST.get("head", "")
    if click.lands and seen and seen != pull.head_commit:
        text = "Somebody pushed to the source branch since. Look again; below is what is there now."
        return Notice(title="The pull request moved on", text=text), 409
    try:
        click.call(found, pull, typed)
    except DeliveryError as error:
        return Notice(title="This was not done", text=str(error), typed=typed), _status(error)
    return None, 200


def _status(error: DeliveryError) -> int:
    if isinstance(error, Invalid):
        return 422
    if isinstance(error, NotPermitted):
        return 403
    stands_in_the_way = isinstance(error, AlreadyExists | Missing)
    return 409 if stands_in_the_way or error.cause is Cause.CONFLICT else 503
