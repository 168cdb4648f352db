"""Asking: choose an operation, fill in its form, see the files beside it, edit later."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from gitops.errors import InvalidSpec, Problem
from tenants import permissions, queries, services
from tenants.errors import DomainError, NotPermitted
from tenants.forms.choices import cards_for
from tenants.forms.fields import panels, summary
from tenants.forms.reading import Wish, read_form
from tenants.models import Request, Tenant
from tenants.operations import OPERATIONS
from tenants.operations.base import Operation
from tenants.views.people import person, signed_in, visible_request
from tenants.views.preview import preview_context
from tenants.views.steps import steps_at
from tenants.workflow import Action, Status


@signed_in
def choose(request: HttpRequest) -> HttpResponse:
    """Which kind of change. One that this person cannot ask for says why."""
    offers = [
        {
            "operation": operation,
            "why_not": ""
            if _tenants_for(request, operation) is not None
            else _no_tenant(request, operation),
        }
        for operation in OPERATIONS.values()
    ]
    return render(request, "requests/choose.html", {"offers": offers})


@signed_in
def new(request: HttpRequest, operation: str) -> HttpResponse:
    """The form of one operation, empty or as it was sent."""
    known = _operation(operation)
    tenants = _tenants_for(request, known)
    if tenants is None:
        raise PermissionDenied(_no_tenant(request, known))
    slug = request.POST.get("tenant") or request.GET.get("tenant", "")
    if known.needs_tenant and not slug and len(tenants) == 1:
        slug = tenants[0].slug
    tenant = next((t for t in tenants if t.slug == slug), None)
    if known.needs_tenant and tenant is None:
        if slug:
            raise Http404
        return render(
            request, "requests/choose_tenant.html", {"operation": known, "tenants": tenants}
        )
    if request.method == "POST":
        return _sent(request, known, tenant)
    wish = _empty(known, tenant, person(request).get_username())
    return _show(request, known, tenant, wish, several=len(tenants) > 1)


def _sent(request: HttpRequest, operation: Operation[Any], tenant: Tenant | None) -> HttpResponse:
    wish = read_form(operation, request.POST, tenant=tenant.slug if tenant else "")
    wanted = request.POST.get("do", "preview")
    if wanted == "preview":
        return _show(request, operation, tenant, wish, previewed=True)
    try:
        with transaction.atomic():
            made = services.create(
                by=person(request),
                operation=operation.name,
                tenant=wish.tenant,
                payload=dict(wish.payload),
                purpose=wish.purpose,
                cost_centre=wish.cost_centre,
            )
            if wanted == "submit":
                made = services.submit(made, by=person(request))
    except InvalidSpec as error:
        return _show(request, operation, tenant, wish, problems=error.problems, status=422)
    except NotPermitted as error:
        raise PermissionDenied(error.reason) from error
    _say(request, made)
    return redirect("request", number=made.number)


@signed_in
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """The same form, over what was asked before."""
    row = visible_request(request, number)
    if reason := queries.actions_for(row, person(request)).get(Action.EDIT):
        raise PermissionDenied(reason)
    operation = _operation(row.operation)
    if request.method == "POST":
        return _edited(request, row, operation)
    wish = Wish(
        tenant=row.tenant_slug,
        payload=row.payload,
        purpose=row.purpose,
        cost_centre=row.cost_centre,
    )
    return _show(request, operation, row.tenant, wish, row=row, previewed=True)


def _edited(request: HttpRequest, row: Request, operation: Operation[Any]) -> HttpResponse:
    wish = read_form(operation, request.POST, tenant=row.tenant_slug)
    wanted = request.POST.get("do", "preview")
    if wanted == "preview":
        return _show(request, operation, row.tenant, wish, row=row, previewed=True)
    try:
        with transaction.atomic():
            changed = services.edit(
                row,
                by=person(request),
                payload=dict(wish.payload),
                purpose=wish.purpose,
                cost_centre=wish.cost_centre,
                expected_version=_version(request),
            )
            if wanted == "submit" and changed.status != Status.SUBMITTED:
                changed = services.submit(changed, by=person(request))
    except InvalidSpec as error:
        return _show(
            request, operation, row.tenant, wish, row=row, problems=error.problems, status=422
        )
    except DomainError as error:
        row.refresh_from_db()
        return _show(request, operation, row.tenant, wish, row=row, refusal=str(error), status=409)
    _say(request, changed)
    return redirect("request", number=changed.number)


@require_POST
@signed_in
def preview(request: HttpRequest, operation: str) -> HttpResponse:
    """What stands beside the form, while somebody types. Saves nothing."""
    known = _operation(operation)
    wish = read_form(known, request.POST, tenant=request.POST.get("tenant", ""))
    row = None
    if request.POST.get("number", "").isdecimal():
        row = visible_request(request, int(request.POST["number"][:9]))
    context = {"preview": _preview(request, known, wish, row)}
    return render(request, "requests/preview.html", context)


def _preview(
    request: HttpRequest, operation: Operation[Any], wish: Wish, row: Request | None
) -> dict[str, object]:
    return preview_context(
        services.preview(
            by=person(request),
            operation=operation.name,
            tenant=wish.tenant,
            payload=dict(wish.payload),
            purpose=wish.purpose,
            cost_centre=wish.cost_centre,
            request=row,
        ),
        operation,
    )


def _show(
    request: HttpRequest,
    operation: Operation[Any],
    tenant: Tenant | None,
    wish: Wish,
    *,
    several: bool = False,
    row: Request | None = None,
    problems: tuple[Problem, ...] = (),
    refusal: str = "",
    previewed: bool = False,
    status: int = 200,
) -> HttpResponse:
    boxes = panels(operation, wish, problems, cards_for(operation, tenant))
    shown = previewed or bool(problems)
    context = {
        "operation": operation,
        "tenant": tenant,
        "several": several,
        "row": row,
        "steps": steps_at(1),
        "boxes": boxes,
        "summary": summary(boxes, problems),
        "refusal": refusal,
        "preview": _preview(request, operation, wish, row) if shown else None,
        "submitted": row is not None and row.status == Status.SUBMITTED,
    }
    return render(request, "requests/form.html", context, status=status)


def _empty(operation: Operation[Any], tenant: Tenant | None, username: str) -> Wish:
    """A form nobody touched: with the prefix a name has to begin with, or the asker as owner."""
    if tenant is not None:
        return Wish(tenant=tenant.slug, payload={"name": f"{tenant.slug}-"})
    names = {field.name for field in operation.fields}
    return Wish(payload={"owners": [username]} if "owners" in names else {})


def _operation(name: str) -> Operation[Any]:
    if name not in OPERATIONS:
        raise Http404
    return OPERATIONS[name]


def _tenants_for(request: HttpRequest, operation: Operation[Any]) -> list[Tenant] | None:
    """The tenants this person may ask for; None when they may not ask at all."""
    user = person(request)
    actor = queries.actor(user)
    if not operation.needs_tenant:
        return [] if permissions.why_not_ask(operation.asks, actor) is None else None
    found = [
        tenant
        for tenant in queries.visible_tenants(user)
        if permissions.why_not_ask(operation.asks, actor, tenant.slug) is None
    ]
    return found or None


def _no_tenant(request: HttpRequest, operation: Operation[Any]) -> str:
    reason = permissions.why_not_ask(operation.asks, queries.actor(person(request)))
    if operation.needs_tenant:
        return "You belong to no tenant yet. Onboard one, or ask an owner to add you."
    return reason or ""


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given[:9]) if given.isdecimal() else None


def _say(request: HttpRequest, row: Request) -> None:
    if row.status == Status.SUBMITTED:
        messages.success(request, f"Request #{row.number} waits for approval now.")
    else:
        messages.success(request, "The draft is kept. Nobody acts before you submit it.")
