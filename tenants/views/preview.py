"""A proposal as the pages show it: files, checks, who must approve."""

from typing import Any

from gitops.errors import Problem
from gitops.policies import PACKS, Severity
from tenants.operations.base import Operation
from tenants.operations.facts import REQUEST_FIELDS
from tenants.services import Preview
from tenants.views.manifests import by_repository


def preview_context(preview: Preview, operation: Operation[Any] | None) -> dict[str, object]:
    """What `requests/preview.html`, `parts/diff.html` and `parts/checks_lines.html` read."""
    repositories = by_repository(preview.files, preview.bases)
    errors = [v for v in preview.verdicts if v.severity == Severity.ERROR]
    warnings = [v for v in preview.verdicts if v.severity != Severity.ERROR]
    return {
        "problems": tuple(dict.fromkeys(say(p, operation) for p in preview.problems)),
        "digest": preview.digest,
        "repositories": repositories,
        "files": [f for repository in repositories for f in repository.files],
        "errors": errors,
        "warnings": warnings,
        "obstacles": preview.obstacles,
        "approval": preview.approval,
        "steps": preview.steps,
        "blocked_by": preview.blocked_by,
        "packs": ", ".join(PACKS),
        "blocked": bool(errors or preview.obstacles),
    }


def say(problem: Problem, operation: Operation[Any] | None) -> str:
    """A problem with the title of the field it is about, for a place away from the field."""
    fields = (*(operation.fields if operation else ()), *REQUEST_FIELDS)
    names = problem.pointer.split("/")
    title = next((f.title for f in fields if f.name in names), "")
    return f"{title}: {problem.detail}" if title else problem.detail
