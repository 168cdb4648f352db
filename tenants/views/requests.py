"""The list of requests, filtered by the address."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants import queries
from tenants.models import Request
from tenants.views.people import person, signed_in
from tenants.views.rows import rows, with_rows
from tenants.workflow import Status

PER_PAGE = 25


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the query string asks for; words nobody knows ask for nothing."""

    status: str = ""
    tenant: str = ""
    mine: bool = False

    @property
    def any(self) -> bool:
        return bool(self.status or self.tenant or self.mine)


@signed_in
def request_list(request: HttpRequest) -> HttpResponse:
    """Every request this person may see, newest first."""
    user = person(request)
    filters = _filters(request)
    found = queries.mine(user) if filters.mine else queries.visible_requests(user)
    if filters.status:
        found = found.filter(status=filters.status)
    if filters.tenant:
        found = found.filter(tenant_slug=filters.tenant)
    page = Paginator(with_rows(found.order_by("-number")), PER_PAGE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "filters": filters,
        "page": page,
        "rows": rows(page.object_list),
        "statuses": [s.value for s in Status],
        "tenants": _tenants(queries.visible_requests(user)),
        "query": query.urlencode(),
    }
    return render(request, "requests/list.html", context)


def _filters(request: HttpRequest) -> Filters:
    status = request.GET.get("status", "")
    return Filters(
        status=status if status in set(Status) else "",
        tenant=request.GET.get("tenant", "")[:63].replace("\0", ""),
        mine=request.GET.get("mine", "") not in {"", "0"},
    )


def _tenants(visible: QuerySet[Request]) -> list[str]:
    slugs = visible.exclude(tenant_slug="").order_by("tenant_slug")
    return list(slugs.values_list("tenant_slug", flat=True).distinct())
