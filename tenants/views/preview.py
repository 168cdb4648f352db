"""A proposal as the pages show it: files, checks, who must approve."""

from gitops.policies import PACKS, Severity
from tenants.services import Preview
from tenants.views.manifests import by_repository


def preview_context(preview: Preview) -> dict[str, object]:
    """What `requests/preview.html`, `parts/diff.html` and `parts/checks.html` read."""
    repositories = by_repository(preview.files, preview.bases)
    errors = [v for v in preview.verdicts if v.severity == Severity.ERROR]
    warnings = [v for v in preview.verdicts if v.severity != Severity.ERROR]
    return {
        "problems": tuple(dict.fromkeys(p.detail for p in preview.problems)),
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
