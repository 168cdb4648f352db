"""Pull requests as delivery keeps them: found, opened, described, closed."""

from typing import Final

from django.db.models import QuerySet

from gitops.delivery.connecting import path_of
from gitops.delivery.rows import Frozen, frozen
from gitops.delivery.work import Work
from gitops.forges.base import (
    AlreadyExists,
    Forge,
    Missing,
    PullRequest,
    PullRequestDraft,
    PullRequestState,
)
from gitops.messages import Context, Sibling, body, described, title
from gitops.models import ChangeSet
from gitops.spec import Role
from gitops.states import State

CLEAN: Final = {"attempts": 0, "last_error": "", "last_cause": ""}
"""What a step that went well leaves in the columns about failures."""


def find(work: Work, row: ChangeSet) -> PullRequest | None:
    """The row's pull request: by the number we know, else by its branches."""
    path = path_of(work.repository)
    if row.pull_request_number is not None:
        try:
            return work.forge.get_pull_request(path, row.pull_request_number)
        except Missing:
            return None
    return work.forge.find_pull_request(path, head=row.branch, base=work.repository.target_branch)


def find_or_create(work: Work, row: ChangeSet) -> PullRequest:
    """Look first, then open: a lost answer or a crash ends with the same pull request."""
    found = find(work, row)
    if found is not None and found.state is not PullRequestState.CLOSED:
        return found
    new_title, new_body = texts(work, row)
    draft = PullRequestDraft(
        head=row.branch,
        base=work.repository.target_branch,
        title=new_title,
        body=new_body,
        labels=Context.from_json(row.context).labels if work.forge.capabilities.labels else (),
    )
    path = path_of(work.repository)
    try:
        return _writable(work).create_pull_request(path, draft)
    except AlreadyExists:
        twin = work.forge.find_pull_request(path, head=draft.head, base=draft.base)
        if twin is None:
            raise
        return twin


def texts(work: Work, row: ChangeSet) -> tuple[str, str]:
    """Title and body as they should be now, within the forge's limits."""
    context = Context.from_json(row.context)
    others = sorted(
        siblings(row).exclude(pull_request_url="").select_related("repository"), key=_merge_order
    )
    links = [Sibling(repository=o.repository.full_name, url=o.pull_request_url) for o in others]
    return title(context), body(
        context,
        siblings=links if any(o.pk != row.pk for o in others) else (),
        limit=work.forge.capabilities.body_limit,
    )


def describe(work: Work, row: ChangeSet, found: PullRequest) -> str:
    """Bring title and body up to date; answers their fingerprint. Writes nothing while frozen."""
    new_title, new_body = texts(work, row)
    mark = described(new_title, new_body)
    if row.described == mark:
        return mark
    if (found.title, found.body) != (new_title, new_body):
        if frozen():
            return row.described
        work.forge.update_pull_request(
            path_of(work.repository), found.number, title=new_title, body=new_body
        )
    return mark


def close_on_forge(work: Work, row: ChangeSet, comment: str) -> PullRequest | None:
    """Close the pull request and delete our branch; answers it when it turns out to be merged."""
    found = find(work, row)
    if found is not None and found.state is not PullRequestState.MERGED:
        found = _writable(work).close_pull_request(
            path_of(work.repository), found.number, comment=comment
        )
    if found is not None and found.state is PullRequestState.MERGED:
        return found
    delete_branch(work, row)
    return None


def delete_branch(work: Work, row: ChangeSet) -> None:
    """Delete the row's branch when it holds a commit of ours. Absent is success.

    A branch that holds somebody else's commit is theirs now, and left alone.
    """
    if leaves_branch(work, row):
        _writable(work).delete_branch(path_of(work.repository), row.branch)


def leaves_branch(work: Work, row: ChangeSet) -> bool:
    """Whether the row's branch is there and holds a commit of ours."""
    return work.branches.get(row.branch) in own_commits(row)


def _writable(work: Work) -> Forge:
    """The forge, to be written to now. Raises `Frozen`: asked right before each write."""
    if frozen():
        raise Frozen
    return work.forge


def own_commits(row: ChangeSet) -> set[str | None]:
    """Commits the branch may hold that are ours: this row's and those it supersedes."""
    own: set[str | None] = {row.commit, row.replaces_commit}
    earlier = row.supersedes
    while earlier is not None:
        own.add(earlier.commit)
        earlier = earlier.supersedes
    return own - {""}


def siblings(row: ChangeSet) -> QuerySet[ChangeSet]:
    """The live and landed change sets of the same request and stage, this one among them."""
    return ChangeSet.objects.filter(request_ref=row.request_ref, stage=row.stage).exclude(
        state__in=[State.SUPERSEDED, State.CLOSED]
    )


def _merge_order(row: ChangeSet) -> tuple[bool, str]:
    """The tenant's repository first: the platform's sync looks for what is in it."""
    return (row.repository.role != Role.TENANT, row.repository.full_name)
