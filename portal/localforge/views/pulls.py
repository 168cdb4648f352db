"""Pull requests: the list of a repository, and the page of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from gitops.errors import DeliveryError
from gitops.forges.base import PullRequestState
from gitops.forges.local import contents, merging, pulls
from gitops.forges.local.documents import Pull
from portal.localforge import access, texts
from portal.localforge.views.common import Visit, repository_page
from portal.localforge.views.diffs import diff_of
from portal.localforge.views.history import timeline

PER_PAGE = 30
TONES = {"open": "run", "merged": "good", "closed": "bad"}
_ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A pull request in the list."""

    pull: Pull
    tone: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Why the last click did nothing. `typed` is the comment it came with."""

    title: str
    text: str
    typed: str = ""


@repository_page
def pull_list(request: HttpRequest, found: Visit) -> HttpResponse:
    """`?state=open|closed|merged|all`, newest first; `before` is the number to go on from."""
    wanted = request.GET.get("state") or PullRequestState.OPEN.value
    if wanted not in (*PullRequestState, _ALL):
        raise Http404
    state = None if wanted == _ALL else PullRequestState(wanted)
    listed = pulls.listed(found.bare, state=state, before=_before(request), limit=PER_PAGE + 1)
    shown = listed[:PER_PAGE]
    context = {
        "repository": found.facts,
        "rows": [_row(pull) for pull in shown],
        "state": wanted,
        "states": [*(s.value for s in PullRequestState), _ALL],
        "next": shown[-1].number if len(listed) > PER_PAGE else None,
    }
    return render(request, "forge/pulls.html", context)


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _row(pull: Pull) -> Row:
    at = datetime.fromisoformat(pull.created_at)
    return Row(pull=pull, tone=TONES[pull.state], at=at)


@repository_page
def pull_page(request: HttpRequest, found: Visit, number: int) -> HttpResponse:
    """One pull request: what it says, what it changes, what can be done with it."""
    return show(request, found, number)


def show(
    request: HttpRequest,
    found: Visit,
    number: int,
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a pull request as it is now, with why a click did nothing. Raises `Missing`."""
    pull = pulls.get(found.bare, number)
    has_branch = pulls.has_branch(found.bare, pull)
    conflicts, blocked = _in_the_way(found, pull)
    why_not = access.why_not_change(found.actor, found.place, base=pull.base)
    if found.facts.archived:
        why_not = "The repository is archived: it can only be read."
    context = {
        "repository": found.facts,
        "pull": pull,
        "tone": TONES[pull.state],
        "opened": datetime.fromisoformat(pull.created_at),
        "body": texts.blocks(pull.body),
        "commits": contents.commits(found.bare, pull),
        "diff": diff_of(found.facts, pull, contents.files(found.bare, pull)),
        "events": timeline(pull),
        "conflicts": conflicts,
        "blocked": blocked,
        "has_branch": has_branch,
        "why_not": why_not,
        "can": {} if why_not else _possible(found, pull, has_branch),
        "notice": notice,
    }
    return render(request, "forge/pull.html", context, status=status)


def _in_the_way(found: Visit, pull: Pull) -> tuple[tuple[str, ...], str]:
    """(the paths in conflict, or why git cannot even try): what keeps it from being merged now."""
    if not pull.is_open:
        return (), ""
    try:
        return merging.conflicts(found.bare, pull), ""
    except DeliveryError as error:  # branches without a common commit, for instance
        return (), str(error)


def _possible(found: Visit, pull: Pull, has_branch: bool) -> Mapping[str, bool]:
    """Which buttons lead anywhere now, for somebody who may press them."""
    over = not pull.is_open
    keep = access.why_not_delete(found.actor, found.place, base=pull.base, branch=pull.head)
    is_default = pull.head == found.facts.default_branch
    return {
        "merge": pull.is_open,
        "close": pull.is_open,
        "reopen": pull.state is PullRequestState.CLOSED and has_branch,
        "delete_branch": over and has_branch and not is_default and keep is None,
        "restore_branch": over and not has_branch,
    }
