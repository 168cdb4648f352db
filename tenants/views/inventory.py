"""What is merged: tenants, their namespaces, the clusters."""

from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from gitops.spec import Life
from tenants import queries
from tenants.forms.quantities import quota_words
from tenants.inventory import Environment
from tenants.models import Cluster, Membership, Namespace, Placement
from tenants.views.people import person, signed_in
from tenants.views.rows import rows, with_rows

PER_PAGE = 50


@signed_in
def tenant_list(request: HttpRequest) -> HttpResponse:
    """The tenants this person may see."""
    found = (
        queries.visible_tenants(person(request))
        .select_related("repository")
        .prefetch_related(Prefetch("placements", Placement.objects.select_related("cluster")))
        .annotate(
            namespace_count=Count("namespaces", distinct=True),
            member_count=Count("memberships", distinct=True),
        )
        .order_by("slug")
    )
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "inventory/tenants.html", {"page": page})


@signed_in
def tenant_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One tenant: what it has, where, who is in, what is asked for."""
    user = person(request)
    tenant = queries.visible_tenants(user).select_related("repository").filter(slug=slug).first()
    if tenant is None:
        raise Http404
    asked = queries.visible_requests(user).filter(tenant_slug=slug).order_by("-number")
    context = {
        "tenant": tenant,
        "members": Membership.objects.filter(tenant=tenant).select_related("user"),
        "placements": tenant.placements.select_related("cluster__group").order_by("cluster__name"),
        "namespaces": _described(tenant.namespaces.all()),
        "requests": rows(with_rows(asked)[:10]),
    }
    return render(request, "inventory/tenant.html", context)


@signed_in
def namespace_list(request: HttpRequest) -> HttpResponse:
    """Namespaces of the tenants this person may see; filters in the address."""
    visible = queries.visible_tenants(person(request))
    found = Namespace.objects.filter(tenant__in=visible)
    wanted = {
        name: request.GET.get(name, "").replace("\0", "")[:63]
        for name in ("q", "tenant", "environment")
    }
    if wanted["q"]:
        found = found.filter(Q(name__icontains=wanted["q"]) | Q(purpose__icontains=wanted["q"]))
    if wanted["tenant"]:
        found = found.filter(tenant__slug=wanted["tenant"])
    if wanted["environment"]:
        found = found.filter(cluster__environment=wanted["environment"])
    page = Paginator(_ordered(found), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "namespaces": [_words(namespace) for namespace in page.object_list],
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "tenants": visible.order_by("slug").values_list("slug", flat=True),
        "environments": [e.value for e in Environment],
        "query": query.urlencode(),
    }
    return render(request, "inventory/namespaces.html", context)


@signed_in
def cluster_list(request: HttpRequest) -> HttpResponse:
    """Every cluster of the fleet: where one can go is no secret, what others run there is."""
    found = Cluster.objects.select_related("group", "repository").annotate(
        tenant_count=Count("placements", distinct=True),
        namespace_count=Count("namespaces", distinct=True),
    )
    order = {environment.value: place for place, environment in enumerate(Environment)}
    ordered = sorted(found, key=lambda c: (order[c.environment], c.name))
    return render(request, "inventory/clusters.html", {"clusters": ordered})


@signed_in
def cluster_page(request: HttpRequest, name: str) -> HttpResponse:
    """One cluster, with the tenants on it that this person may see."""
    cluster = Cluster.objects.select_related("group", "repository").filter(name=name).first()
    if cluster is None:
        raise Http404
    visible = queries.visible_tenants(person(request))
    namespaces = Namespace.objects.filter(cluster=cluster, tenant__in=visible)
    page = Paginator(_ordered(namespaces), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "cluster": cluster,
        "page": page,
        "namespaces": [_words(namespace) for namespace in page.object_list],
        "tenant_count": Placement.objects.filter(cluster=cluster).count(),
        "tenants": visible.filter(placements__cluster=cluster).order_by("slug"),
    }
    return render(request, "inventory/cluster.html", context)


def _ordered(found: QuerySet[Namespace]) -> QuerySet[Namespace]:
    return found.select_related("tenant", "cluster", "size_class").order_by("name", "cluster__name")


def _described(found: QuerySet[Namespace]) -> list[dict[str, object]]:
    return [_words(namespace) for namespace in _ordered(found)]


def _words(namespace: Namespace) -> dict[str, object]:
    """A namespace with its size in words. `life` is empty while it is simply there."""
    return {
        "row": namespace,
        "size": namespace.size_class.name,
        "amounts": ", ".join(quota_words(namespace.size_class.quota)[:2]),
        "life": "" if namespace.life == Life.ACTIVE else namespace.life,
    }
