"""The only place where rows, git and forges meet.

`deliver` advances one repository's due change sets; it is level-triggered and may run at any time,
any number of times. `sweep` finds the repositories that have something due. `look` brings the
snapshot of a repository up to date. Nothing here knows of requests: it moves its own rows and
sends a signal.
"""

from gitops.delivery.engine import deliver
from gitops.delivery.snapshot import look
from gitops.delivery.sweeping import due_repositories, sweep
from gitops.delivery.upkeep import housekeeping

__all__ = ["deliver", "due_repositories", "housekeeping", "look", "sweep"]
