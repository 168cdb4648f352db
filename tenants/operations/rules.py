"""Rules of single words that are the portal's own, beside those of `gitops.names`. Pure."""

import re

from gitops import addresses
from gitops.names import Broken, broken

REPOSITORY_MAX = 201
USERNAME_MAX = 150
BRANCH_MAX = 200
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_REPOSITORY = re.compile(f"{_SEGMENT}/{_SEGMENT}")
_USERNAME = re.compile(r"[\w.@+-]+")
# Branches below this belong to requests (`gitops.messages`).
_SOURCE_BRANCHES = "gatehouse/"


def repository(value: str) -> tuple[Broken, ...]:
    """A repository on a forge: owner/name."""
    ugly = ".." in value or any(
        end.lower().endswith((".git", ".lock", ".")) for end in value.split("/")
    )
    if ugly or not _REPOSITORY.fullmatch(value):
        return broken("bad-repository", "Write it like team/apps: the owner, a slash and the name.")
    return ()


def branch(value: str) -> tuple[Broken, ...]:
    """A branch a tenant may have its manifests on."""
    if value == "HEAD" or f"{value}/".lower().startswith(_SOURCE_BRANCHES):
        return broken("branch", "The name is taken by git or the portal; write another, like main.")
    return addresses.branch(value)


def username(value: str) -> tuple[Broken, ...]:
    """What a person signs in with. Whether the person exists is another question."""
    if _USERNAME.fullmatch(value):
        return ()
    return broken("bad-name", "Write the name this person signs in with.")


def branches_collide(a: str, b: str) -> bool:
    """Whether a repository cannot have both branches, or has one under both names.

    git keeps branches as files: where main is, there can be no main/team.
    """
    return f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")
