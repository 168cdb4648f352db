"""The shapes of answers. Names are promises to other people's scripts; see the tests' lists."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.auth.models import User
from rest_framework import serializers

from gitops.models import ChangeSet, Condition, Repository
from tenants.api import addresses
from tenants.api.readings import Reading
from tenants.models import ApiToken, Decision, Membership, Request, Tenant
from tenants.phases import Phase
from tenants.queries import RequiredDecision
from tenants.timeline import Event

Row = TypeVar("Row")


def represent(serializer: serializers.BaseSerializer[Row], rows: Iterable[Row]) -> list[Any]:
    """Each row in the serializer's shape."""
    return [serializer.to_representation(row) for row in rows]


def person(user: User) -> dict[str, Any]:
    """A person, wherever one is named. People are no resource of their own."""
    return {
        "id": user.pk,
        "url": None,
        "display": user.get_full_name() or user.username,
        "username": user.username,
    }


def tenant_link(tenant: Tenant) -> dict[str, Any]:
    """A tenant, wherever one is named. It has a page, but no resource yet."""
    return {
        "id": tenant.pk,
        "url": None,
        "html_url": addresses.page("tenant", tenant.slug),
        "display": tenant.slug,
        "slug": tenant.slug,
    }


def repository_link(repository: Repository) -> dict[str, Any]:
    """One target branch of a repository. It is no resource yet."""
    return {
        "id": repository.pk,
        "url": None,
        "display": str(repository),
        "name": repository.full_name,
        "branch": repository.target_branch,
    }


def request_link(request: Request) -> dict[str, Any]:
    """A request named by another one."""
    return {
        "id": request.pk,
        "url": addresses.resource("request", request.number),
        "html_url": addresses.page("request", request.number),
        "display": str(request),
        "number": request.number,
    }


class PhaseSerializer(serializers.Serializer[Phase]):
    """`key` is stable; `word`, `waiting_for` and `sentence` are for people."""

    key = serializers.CharField()
    word = serializers.CharField()
    step = serializers.IntegerField()
    steps = serializers.IntegerField()
    waiting_for = serializers.SerializerMethodField()
    sentence = serializers.CharField()
    over = serializers.BooleanField()

    def get_waiting_for(self, phase: Phase) -> str | None:
        return phase.waiting_for or None


class DecisionSerializer(serializers.Serializer[Decision]):
    """A recorded decision; a void one no longer counts, and stays as what happened."""

    stage = serializers.CharField()
    verdict = serializers.CharField()
    by = serializers.SerializerMethodField()
    at = serializers.DateTimeField()
    revision = serializers.IntegerField(source="revision.number")
    digest = serializers.CharField()
    comment = serializers.CharField()
    void = serializers.BooleanField()

    def get_by(self, decision: Decision) -> dict[str, Any]:
        return person(decision.decider)


class RequiredDecisionSerializer(serializers.Serializer[RequiredDecision]):
    """A stage of approval. `why_not` is null when the caller may decide it now."""

    stage = serializers.CharField()
    title = serializers.CharField()
    needed = serializers.IntegerField()
    given = serializers.IntegerField()
    may_decide = serializers.BooleanField()
    why_not = serializers.SerializerMethodField()

    def get_why_not(self, required: RequiredDecision) -> str | None:
        return required.why_not or None


class ChangeSetSerializer(serializers.Serializer[ChangeSet]):
    """How far git has come in one repository."""

    id = serializers.UUIDField()
    repository = serializers.SerializerMethodField()
    state = serializers.CharField()
    reason = serializers.SerializerMethodField()
    waiting_for = serializers.SerializerMethodField()
    stage = serializers.IntegerField()
    branch = serializers.CharField()
    commit = serializers.SerializerMethodField()
    merge_commit = serializers.SerializerMethodField()
    pull_request = serializers.SerializerMethodField()
    digest = serializers.CharField()
    attempts = serializers.IntegerField()
    last_error = serializers.SerializerMethodField()
    next_run_at = serializers.DateTimeField()

    def get_repository(self, row: ChangeSet) -> dict[str, Any]:
        return repository_link(row.repository)

    def get_reason(self, row: ChangeSet) -> str | None:
        return row.reason or None

    def get_waiting_for(self, row: ChangeSet) -> str | None:
        return row.waiting_for or None

    def get_commit(self, row: ChangeSet) -> str | None:
        return row.commit or None

    def get_merge_commit(self, row: ChangeSet) -> str | None:
        return row.merge_commit or None

    def get_pull_request(self, row: ChangeSet) -> dict[str, Any] | None:
        if row.pull_request_number is None:
            return None
        return {
            "number": row.pull_request_number,
            "url": row.pull_request_url,
            "state": row.pull_request_state,
        }

    def get_last_error(self, row: ChangeSet) -> str | None:
        return row.last_error or None


class ConditionSerializer(serializers.Serializer[Condition]):
    """What a cluster reports of what was merged."""

    type = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField()
    message = serializers.CharField()
    observed_at = serializers.DateTimeField()
    # `source` is also the name of an argument every field has, so it is read by a method.
    source = serializers.SerializerMethodField()  # type: ignore[assignment]
    commit = serializers.SerializerMethodField()

    def get_source(self, condition: Condition) -> str:
        return condition.source

    def get_commit(self, condition: Condition) -> str | None:
        return condition.commit or None


class RequestSerializer(serializers.Serializer[Reading]):
    """A request: what is asked, what people decided, how far git has come, what comes next."""

    id = serializers.UUIDField(source="request.id")
    number = serializers.IntegerField(source="request.number")
    url = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField()
    display = serializers.SerializerMethodField()
    operation = serializers.CharField(source="request.operation")
    tenant = serializers.SerializerMethodField()
    spec = serializers.JSONField(source="request.payload")
    purpose = serializers.CharField(source="request.purpose")
    cost_centre = serializers.SerializerMethodField()
    external = serializers.SerializerMethodField()
    status = serializers.CharField(source="request.status")
    revision = serializers.SerializerMethodField()
    phase = serializers.SerializerMethodField()
    requester = serializers.SerializerMethodField()
    decisions = DecisionSerializer(many=True)
    required_decisions = RequiredDecisionSerializer(many=True, source="required")
    actions = serializers.ListField(child=serializers.CharField())
    change_sets = ChangeSetSerializer(many=True)
    conditions = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    blocked_by = serializers.SerializerMethodField()
    settled_at = serializers.DateTimeField(source="request.settled_at")
    created_at = serializers.DateTimeField(source="request.created_at")
    submitted_at = serializers.DateTimeField(source="request.submitted_at")
    decided_at = serializers.DateTimeField(source="request.decided_at")

    def get_url(self, reading: Reading) -> str:
        return addresses.resource("request", reading.request.number)

    def get_html_url(self, reading: Reading) -> str:
        return addresses.page("request", reading.request.number)

    def get_display(self, reading: Reading) -> str:
        return str(reading.request)

    def get_tenant(self, reading: Reading) -> dict[str, Any] | None:
        """Null while the tenant is only asked for."""
        tenant = reading.request.tenant
        return tenant_link(tenant) if tenant else None

    def get_cost_centre(self, reading: Reading) -> str | None:
        return reading.request.cost_centre or None

    def get_external(self, reading: Reading) -> dict[str, str | None] | None:
        row = reading.request
        if not row.external_id:
            return None
        return {
            "system": row.external_system,
            "id": row.external_id,
            "url": row.external_url or None,
        }

    def get_revision(self, reading: Reading) -> dict[str, Any] | None:
        """Null for a draft that was never submitted."""
        revision = reading.revision
        return {"number": revision.number, "digest": revision.digest} if revision else None

    def get_phase(self, reading: Reading) -> dict[str, Any]:
        since = serializers.DateTimeField().to_representation(reading.since)
        return {**PhaseSerializer(reading.phase).data, "since": since}

    def get_requester(self, reading: Reading) -> dict[str, Any]:
        return person(reading.request.requester)

    def get_conditions(self, reading: Reading) -> list[Any]:
        rows = [c for row in reading.change_sets for c in row.conditions.all()]
        return represent(ConditionSerializer(), rows)

    def get_steps(self, reading: Reading) -> list[Any]:
        """Manual steps: no operation of this version has any."""
        return []

    def get_blocked_by(self, reading: Reading) -> list[dict[str, Any]]:
        return [request_link(request) for request in reading.blocked_by]


class EventSerializer(serializers.Serializer[Event]):
    """One thing that happened to a request. `who` is a username, or Gatehouse itself."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    what = serializers.CharField()
    text = serializers.CharField()
    url = serializers.SerializerMethodField()
    tone = serializers.CharField()

    def get_url(self, event: Event) -> str | None:
        return event.url or None


class MembershipSerializer(serializers.Serializer[Membership]):
    """A role of the caller in a tenant."""

    id = serializers.UUIDField()
    tenant = serializers.SerializerMethodField()
    role = serializers.CharField()

    def get_tenant(self, membership: Membership) -> dict[str, Any]:
        return tenant_link(membership.tenant)


class TokenSerializer(serializers.Serializer[ApiToken]):
    """The token in use; its secret is known to nobody but its holder."""

    id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
