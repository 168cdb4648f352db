"""The clicks on a request's page. Each calls one service; a refusal shows the page again, with
what moved on and nothing lost of what was typed."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from gitops.errors import InvalidSpec
from gitops.models import ChangeSet
from gitops.states import MoveNotAllowed
from tenants import services
from tenants.errors import DomainError, NotPermitted, StaleRequest
from tenants.models import Request
from tenants.operations import OPERATIONS
from tenants.views.people import person, signed_in, visible_request
from tenants.views.preview import say
from tenants.views.request_page import Notice, show

_Call = Callable[[Request, HttpRequest], object]


@dataclass(frozen=True, kw_only=True)
class Click:
    """What a button does, and what the page says afterwards."""

    call: _Call
    done: str = ""


def _comment(http: HttpRequest) -> str:
    return http.POST.get("comment", "").strip()


def _digest(http: HttpRequest) -> str:
    return http.POST.get("digest", "")


_CLICKS: Mapping[str, Click] = {
    "submit": Click(
        call=lambda r, http: services.submit(r, by=person(http)),
        done="Submitted. A platform admin decides now.",
    ),
    "approve": Click(
        call=lambda r, http: services.approve(
            r, by=person(http), digest=_digest(http), comment=_comment(http)
        ),
        done="Your approval is recorded.",
    ),
    "return": Click(
        call=lambda r, http: services.return_(
            r, by=person(http), digest=_digest(http), comment=_comment(http)
        ),
        done="Returned to the requester with your comment.",
    ),
    "reject": Click(
        call=lambda r, http: services.reject(
            r, by=person(http), digest=_digest(http), comment=_comment(http)
        ),
        done="Rejected. Nothing will be written.",
    ),
    "withdraw": Click(
        call=lambda r, http: services.withdraw(r, by=person(http), comment=_comment(http)),
        done="Withdrawn.",
    ),
    "reopen": Click(
        call=lambda r, http: services.reopen(r, by=person(http)),
        done="It is a draft again. Submit it when it is ready.",
    ),
    "refresh": Click(
        call=lambda r, http: services.refresh(r, by=person(http)),
        done="Compared with the repositories as they are now.",
    ),
    "comment": Click(
        call=lambda r, http: services.comment(r, by=person(http), text=_comment(http)),
    ),
}


@signed_in
def act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    """Do what a button says. A plain visit (after signing in again) leads to the request."""
    click = _CLICKS.get(action)
    if click is None:
        raise Http404
    row = visible_request(request, number)
    if request.method != "POST":
        return redirect("request", number=number)
    notice, status = _try(lambda: click.call(row, request), action, row.operation)
    if notice is None:
        if click.done:
            messages.success(request, click.done)
        return redirect("request", number=number)
    return show(
        request,
        visible_request(request, number),
        notice=Notice(title=notice.title, text=notice.text, typed=_comment(request), action=action),
        status=status,
    )


@signed_in
def act_on_change_set(
    request: HttpRequest, number: int, change_set: uuid.UUID, action: str
) -> HttpResponse:
    """Retry or close a change set; the services know that these are the admins'."""
    calls = {"retry": services.retry_change_set, "close": services.close_change_set}
    if action not in calls:
        raise Http404
    row = visible_request(request, number)
    if request.method != "POST":
        return redirect("request", number=number)
    found = get_object_or_404(ChangeSet, pk=change_set, proposed_change_set__revision__request=row)
    notice, status = _try(lambda: calls[action](found, by=person(request)), action, row.operation)
    if notice is None:
        return redirect("request", number=number)
    return show(request, visible_request(request, number), notice=notice, status=status)


def _said(error: InvalidSpec, operation: str) -> tuple[str, ...]:
    known = OPERATIONS.get(operation)
    return tuple(dict.fromkeys(say(problem, known) for problem in error.problems))


def _try(call: Callable[[], object], action: str, operation: str) -> tuple[Notice | None, int]:
    """Run a service; its refusal as a notice and the status that goes with it."""
    try:
        call()
    except StaleRequest as error:
        title = "This request moved on while you were reading"
        return Notice(title=title, text=(str(error), "Below is what is there now.")), 409
    except InvalidSpec as error:
        return Notice(title="This does not work yet", text=_said(error, operation)), 422
    except NotPermitted as error:
        return Notice(title="This was not done", text=(error.reason,)), 403
    except (DomainError, MoveNotAllowed) as error:
        return Notice(title=f"“{action}” was not done", text=(str(error),)), 409
    return None, 200
