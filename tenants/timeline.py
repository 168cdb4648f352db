"""What happened to a request, in order, as sentences: from the audit chain and the comments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenants.models import AuditEvent, Request


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened. `tone` colours it as phases are coloured; `url` may be empty."""

    at: datetime
    who: str
    what: str
    text: str = ""
    url: str = ""
    tone: str = "idle"


def timeline(request: Request) -> tuple[Event, ...]:
    """Oldest first."""
    rows = AuditEvent.objects.filter(object_type="request", object_id=str(request.pk))
    told = [_tell(row) for row in rows.order_by("sequence") if row.action != "request.comment"]
    said = [
        Event(at=c.at, who=c.author.username, what="commented", text=c.text)
        for c in request.comments.select_related("author")
    ]
    return tuple(sorted([*told, *said], key=lambda event: event.at))


def _tell(row: AuditEvent) -> Event:
    what, tone = _WORDS.get(row.action, (row.action.replace(".", " "), "idle"))
    text = _TEXTS.get(row.action, _no_text)(row.data)
    url = row.data.get("pull_request_url", "") if row.action.startswith("change-set.") else ""
    who = "Gatehouse" if row.actor == "system" else row.actor
    return Event(at=row.at, who=who, what=what, text=text, url=url, tone=tone)


_WORDS: Mapping[str, tuple[str, str]] = {
    "request.create": ("started a draft", "idle"),
    "request.edit": ("changed the request", "idle"),
    "request.submit": ("submitted it for approval", "wait"),
    "request.approve": ("approved", "good"),
    "request.reject": ("rejected it", "bad"),
    "request.return": ("asked for changes", "wait"),
    "request.withdraw": ("withdrew it", "idle"),
    "request.reopen": ("reopened it as a draft", "idle"),
    "request.refresh": ("planned it again against the repository as it is", "idle"),
    "request.invalidate": ("sent it back to the approvers", "wait"),
    "request.expire": ("let it expire", "idle"),
    "change-set.approve": ("queued the files", "run"),
    "change-set.open": ("opened the pull request", "run"),
    "change-set.find-unchanged": ("found the files there already", "good"),
    "change-set.merge": ("saw the pull request merged as approved", "good"),
    "change-set.merge-with-changes": ("saw it merged with changes", "bad"),
    "change-set.park": ("needs a platform admin", "bad"),
    "change-set.fail": ("gave up", "bad"),
    "change-set.retry": ("tried again", "run"),
    "change-set.close": ("closed the change set", "idle"),
    "change-set.supersede": ("replaced the files by a new revision", "idle"),
}


def _no_text(data: Mapping[str, Any]) -> str:
    return ""


def _repository(data: Mapping[str, Any]) -> str:
    return str(data.get("repository", ""))


def _comment(data: Mapping[str, Any]) -> str:
    return str(data.get("comment", ""))


_TEXTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "request.approve": _comment,
    "request.reject": _comment,
    "request.return": _comment,
    "request.withdraw": _comment,
    "request.invalidate": lambda data: str(data.get("why", "")),
    "change-set.open": _repository,
    "change-set.find-unchanged": _repository,
    "change-set.merge": _repository,
    "change-set.merge-with-changes": _repository,
    "change-set.park": lambda data: f"{data.get('repository', '')}: {data.get('reason', '')}",
    "change-set.fail": _repository,
    "change-set.supersede": _repository,
    "change-set.close": _repository,
}
