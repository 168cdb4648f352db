"""Rows that make no sense are refused by the database itself, on whichever one runs the suite."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from gitops.models import (
    Blob,
    ChangeSet,
    Condition,
    Connection,
    FileChange,
    Freeze,
    Report,
    Repository,
    RepositoryFile,
    WebhookDelivery,
)
from tenants.models import (
    ApiToken,
    AuditEvent,
    AuditHead,
    Claim,
    Cluster,
    ClusterGroup,
    Comment,
    Decision,
    Membership,
    Namespace,
    Placement,
    Request,
    Revision,
    SizeClass,
    Tenant,
)
from tests.world import World

Bad = Callable[[World], Any]


def _update(model: Any, **values: Any) -> Bad:
    return lambda world: model.objects.update(**values)


def _change_sets(**values: Any) -> Bad:
    return lambda world: ChangeSet.objects.filter(finished_at=None).update(**values)


def _copy(model: Any, **values: Any) -> Bad:
    """Insert a row's twin with another key."""

    def bad(world: World) -> None:
        row = model.objects.first()
        assert row is not None
        row.pk = model._meta.pk.get_default() if model._meta.pk.has_default() else None
        row._state.adding = True
        for name, value in values.items():
            setattr(row, name, value)
        row.save(force_insert=True)

    return bad


def _all(*steps: Bad) -> Bad:
    """Several steps, of which the last one is the bad one."""

    def bad(world: World) -> None:
        for step in steps:
            step(world)

    return bad


def _decided(who: str) -> Bad:
    return lambda world: _decide(world, getattr(world, who))


def _decide(world: World, by: Any) -> None:
    revision = Revision.objects.get()
    Decision.objects.create(
        revision=revision,
        stage="platform",
        verdict="approve",
        digest=revision.digest,
        decider=by,
        requester=world.alice,
    )


def _freeze_twice(world: World) -> None:
    for _ in range(2):
        Freeze.objects.create(reason="why", by="bob", at=timezone.now())


def _condition(**values: Any) -> Bad:
    facts = {
        "type": "Reconciled",
        "status": "True",
        "reason": "x",
        "source": "dev-1",
        "observed_at": timezone.now(),
    }
    return lambda world: Condition.objects.create(
        change_set=ChangeSet.objects.get(), **(facts | values)
    )


def _report(commit: str) -> Bad:
    return lambda world: Report.objects.create(
        cluster="dev-1",
        tenant="iris-blue",
        commit=commit,
        ready=True,
        reason="x",
        at=timezone.now(),
    )


def _replace() -> None:
    """Write over the first event: REPLACE on SQLite asks no trigger for deletes."""
    columns = [str(f.column) for f in AuditEvent._meta.concrete_fields]
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    again = (
        ""
        if connection.vendor == "sqlite"
        else (" ON CONFLICT (sequence) DO UPDATE SET actor = 'mallory'")
    )
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{verb} INTO tenants_auditevent ({names}) "  # noqa: S608
            f"SELECT {names} FROM tenants_auditevent WHERE sequence = 1{again}"
        )


def _webhook_twice(world: World) -> None:
    for _ in range(2):
        WebhookDelivery.objects.create(
            connection=Connection.objects.get(),
            delivery_id="1",
            event="pull_request",
            body_sha256="0" * 64,
            received_at=timezone.now(),
        )


def _claim(**values: Any) -> Bad:
    return lambda world: Claim.objects.create(request=Request.objects.get(), **values)


def _token(world: World) -> None:
    ApiToken.objects.create(
        id="abc",
        digest="the secret itself",
        name="n",
        owner=world.alice,
        expires_at=timezone.now(),
    )


BAD: dict[str, Bad] = {
    # the machine
    "change_set_state_known": _change_sets(state="approved"),
    "change_set_never_forgotten": _change_sets(next_run_at=None, waiting_for=""),
    "change_set_reason_when_parked": _change_sets(reason="tampered"),
    "change_set_moves_after_approval": _change_sets(state="open", approved_at=None),
    "change_set_one_live_per_branch": _copy(ChangeSet),
    "file_change_once_per_path": _copy(FileChange),
    "file_change_changes_something": _update(FileChange, before=None, after=None),
    "file_change_path_is_relative /": _update(FileChange, path="/etc/passwd"),
    "file_change_path_is_relative ..": _update(FileChange, path="tenants/../clusters/x"),
    "file_change_path_is_relative //": _update(FileChange, path="tenants//x"),
    "file_change_ownership_known": _update(FileChange, ownership="mine"),
    "repository_once_per_branch": _copy(Repository),
    "repository_role_known": _update(Repository, role="other"),
    "repository_claim_whole": _update(Repository, claimed_until=timezone.now()),
    "repository_is_named": _update(Repository, owner=""),
    "blob_id_is_sha1": lambda world: Blob.objects.create(id="HEAD", text=""),
    "file_once_per_path": _copy(RepositoryFile),
    "file_row_says_something": _update(RepositoryFile, blob=None, written=None),
    "file_written_has_ownership": _update(RepositoryFile, written="0" * 40, ownership=""),
    "freeze_one_at_a_time": _freeze_twice,
    "freeze_has_reason": lambda world: Freeze.objects.create(
        reason="", by="bob", at=timezone.now()
    ),
    "connection_has_slug": _update(Connection, slug=""),
    "connection_has_forge": _update(Connection, forge=""),
    "condition_status_known": _condition(status="Maybe"),
    "condition_once_per_source": _all(_condition(), _condition()),
    "webhook_once_per_delivery": _webhook_twice,
    "report_last_one_counts": _all(_report("0" * 40), _report("1" * 40)),
    "report_commit_is_sha1": _report("main"),
    # people
    "request_status_known": _update(Request, status="done"),
    "request_submitted_has_revision": _update(Request, submitted_at=None),
    "request_decided_has_time": _update(Request, status="approved"),
    "request number": _copy(Request),
    "request_external_once_live": _all(
        _update(Request, external_system="snow", external_id="1"), _copy(Request, number=99)
    ),
    "revision_once": _copy(Revision),
    "revision_digest_is_sha256": _update(Revision, digest="md5:1"),
    "decision_never_by_requester": _decided("alice"),
    "decision_once_per_person": _all(_decided("bob"), _decided("bob")),
    "comment_says_something": lambda world: Comment.objects.create(
        request=Request.objects.get(), author=world.alice, text=""
    ),
    "decision_verdict_known": _all(_decided("bob"), _update(Decision, verdict="maybe")),
    "claim_once_while_live": _copy(Claim),
    "claim_names_its_scope namespace": _claim(kind="namespace", cluster="", name="x"),
    "claim_names_its_scope tenant": _claim(kind="tenant", cluster="dev-1", name="x"),
    "token_digest_is_sha256": _token,
    # the inventory
    "tenant slug": _copy(Tenant, repository_id=None),
    "tenant_slug_is_label": _update(Tenant, slug="Iris_Blue"),
    "placement_once": _copy(Placement),
    "membership_once": _copy(Membership),
    "membership_role_known": _update(Membership, role="king"),
    "namespace_once_per_cluster": _copy(Namespace),
    "namespace_name_is_label": _update(Namespace, name="Payments"),
    "namespace_life_known": _update(Namespace, life="gone"),
    "cluster_environment_known": _update(Cluster, environment="moon"),
    "cluster_flux_known": _update(Cluster, flux="1.0"),
    "cluster_name_is_label": lambda world: Cluster.objects.filter(name="dev-1").update(name="D/1"),
    "cluster_group_has_slug": lambda world: ClusterGroup.objects.filter(slug="dev").update(slug=""),
    "size_class_has_name": lambda world: SizeClass.objects.filter(name="small").update(name=""),
    # the audit
    "audit_head_is_one": lambda world: AuditHead.objects.create(id=2),
    "audit update": _update(AuditEvent, actor="nobody"),
    "audit head": lambda world: AuditHead.objects.all()._raw_delete("default"),
    "audit replace": lambda world: _replace(),
    "audit delete": lambda world: AuditEvent.objects.all()._raw_delete("default"),
}


def test_the_database_refuses_each_of_them(world: World) -> None:
    world.submitted()
    let_in = []
    for name, bad in BAD.items():
        try:
            with transaction.atomic():
                bad(world)
        except IntegrityError:
            continue
        except DatabaseError:  # what a trigger raises differs between the databases
            assert name.startswith("audit ")
            continue
        let_in.append(name)
    assert let_in == []


def test_every_constraint_has_its_bad_row(world: World) -> None:
    """A new constraint without a row above fails here."""
    from django.apps import apps

    named = {
        c.name
        for app in ("gitops", "tenants")
        for model in apps.get_app_config(app).get_models()
        for c in model._meta.constraints
    }
    tried = {name.split(" ")[0] for name in BAD}
    assert named - tried == {"token_digest_once"}


def test_the_audit_guard_is_there_after_migrating(world: World) -> None:
    table = "sqlite_master" if connection.vendor == "sqlite" else "pg_trigger"
    column = "name" if connection.vendor == "sqlite" else "tgname"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} LIKE 'audit_no_%'")  # noqa: S608
        names = {row[0] for row in cursor.fetchall()}
    expected = (
        {"audit_no_update", "audit_no_delete", "audit_no_replace", "audit_no_headless"}
        if connection.vendor == "sqlite"
        else {"audit_no_change", "audit_no_truncate", "audit_no_headless"}
    )
    assert names == expected
