"""Triggers that make the audit table append-only and keep its head, on both databases.

Installed after every migrate: on SQLite, altering a table makes it anew and drops its triggers.
"""

from typing import Any

from django.db import connections

TABLE = "tenants_auditevent"
HEAD = "tenants_audithead"

_APPEND_ONLY = "SELECT RAISE(ABORT, 'the audit log is append-only')"
_LAST = f"SELECT max(sequence) FROM {TABLE}"  # noqa: S608 - a constant of ours
_SQLITE = [
    *(
        f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        f"BEGIN {_APPEND_ONLY}; END"
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without asking the trigger above.
    f"CREATE TRIGGER IF NOT EXISTS audit_no_replace BEFORE INSERT ON {TABLE} "
    f"WHEN NEW.sequence <= ({_LAST}) "
    f"BEGIN {_APPEND_ONLY}; END",
    f"CREATE TRIGGER IF NOT EXISTS audit_no_headless BEFORE DELETE ON {HEAD} "
    f"BEGIN {_APPEND_ONLY}; END",
]
_POSTGRESQL = [
    """CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql""",
    f"""CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    f"""CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
    f"""CREATE OR REPLACE TRIGGER audit_no_headless BEFORE DELETE OR TRUNCATE ON {HEAD}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
]


def install(*, using: str = "default", **_: Any) -> None:
    """Put the triggers in place. Harmless when they are there, or the table is not yet."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return
        for statement in _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL:
            cursor.execute(statement)


def remove(*, using: str = "default") -> None:
    """Take the triggers away: only for emptying a test's database, never in operation."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in ("update", "delete", "replace", "headless"):
                cursor.execute(f"DROP TRIGGER IF EXISTS audit_no_{name}")
        else:
            cursor.execute("DROP FUNCTION IF EXISTS audit_append_only CASCADE")
