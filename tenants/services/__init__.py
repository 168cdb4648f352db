"""The verbs: what people and the system do to requests. Pages, API and tests call these.

Each takes the subject first and the rest by name, acts in one transaction with its audit row
inside, and raises `DomainError` or `InvalidSpec` with sentences for people. Nothing here talks to
git or a forge: approving only makes rows due.
"""

from tenants.services.change_sets import close_change_set, retry_change_set
from tenants.services.conversation import comment
from tenants.services.deciding import approve, reject, return_
from tenants.services.drafting import create, edit, reopen
from tenants.services.ending import expire, invalidate, withdraw
from tenants.services.previewing import Preview, preview, preview_stored
from tenants.services.submitting import refresh, submit

__all__ = [
    "Preview",
    "approve",
    "close_change_set",
    "comment",
    "create",
    "edit",
    "expire",
    "invalidate",
    "preview",
    "preview_stored",
    "refresh",
    "reject",
    "reopen",
    "retry_change_set",
    "return_",
    "submit",
    "withdraw",
]
