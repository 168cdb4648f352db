"""Talking about a request."""

from typing import Any

from django.db import transaction

from gitops.errors import InvalidSpec, Problem
from tenants.models import Comment, Request
from tenants.services.common import check, note, take_turn
from tenants.storable import storable
from tenants.workflow import Action

LONGEST = 10_000


def comment(request: Request, *, by: Any, text: str) -> Comment:
    """Say something about the request. Raises `InvalidSpec` for nothing, or for too much."""
    kept = str(storable(text)).strip()
    if not kept or len(kept) > LONGEST:
        detail = f"Write between 1 and {LONGEST} characters."
        raise InvalidSpec([Problem(pointer="/comment", code="bad-length", detail=detail)])
    with transaction.atomic():
        take_turn()
        check(Action.COMMENT, request, by)
        row = Comment.objects.create(request=request, author=by, text=kept)
        note(request, Action.COMMENT, by=by)
    return row
