"""Which requests go before which, for many at once; `queries.blockers` asks it of one."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import F

from tenants import queries
from tenants.models import Request, Revision
from tenants.workflow import Status

_NOT_ASKED = (Status.DRAFT, Status.RETURNED)


def blockers_of(submitted: Sequence[Request]) -> Mapping[str, tuple[Request, ...]]:
    """By id as text: the earlier requests that own a path of this one and are not over.

    The latest of them comes first. The revisions of `submitted` are prefetched.
    """
    slugs = {r.tenant_slug for r in submitted if r.tenant_slug}
    if not slugs:
        return {}
    earlier = _live_revisions(slugs, before=max(r.number for r in submitted))
    return {
        str(request.pk): tuple(
            other.request
            for other in earlier
            if other.request.tenant_slug == request.tenant_slug
            and other.request.number < request.number
            and _overlap(_owned(request), other.owned)
        )
        for request in submitted
        if request.tenant_slug
    }


def _live_revisions(slugs: Iterable[str], *, before: int) -> list[Revision]:
    rows = Revision.objects.filter(
        request__tenant_slug__in=slugs,
        request__settled_at=None,
        request__number__lt=before,
        number=F("request__revision_number"),
    ).exclude(request__status__in=_NOT_ASKED)
    return list(
        rows.select_related("request__requester", "request__tenant")
        .defer("payload", "verdicts", "base")
        .order_by("-request__number")
    )


def _owned(request: Request) -> Sequence[str]:
    revision = queries.revision_of(request)
    return revision.owned if revision else ()


def _overlap(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether two lists of owned paths touch: the same file, or one directory within the other."""
    ours = list(mine)
    return any(
        a == b or (a.endswith("/") and b.startswith(a)) or (b.endswith("/") and a.startswith(b))
        for a in ours
        for b in theirs
    )
