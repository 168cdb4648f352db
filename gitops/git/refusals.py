"""What a server says about one branch of a push, and what that means.

One table, first match wins, over the reason git prints for the branch and then over what the
server wrote. Sources: send-pack.c, remote.c and receive-pack.c of git 2.39, and the messages of
GitHub (GH006 protected branch, GH013 rule violation, GH003 many refs…), GitLab and Azure DevOps
(TF402455 policy, TF401027 missing right…).
"""

import re
from enum import StrEnum
from functools import cache

from gitops.errors import Cause


class PushOutcome(StrEnum):
    """How a push went for one branch."""

    OK = "ok"  # the branch is now as asked
    UP_TO_DATE = "up-to-date"  # it was so already: an earlier try had got through
    STALE = "stale"  # it holds something that we did not expect: somebody else was here
    REFUSED = "refused"  # the server's rules do not allow it
    FAILED = "failed"  # neither: see the cause


Verdict = tuple[PushOutcome, Cause | None]

_STALE: Verdict = (PushOutcome.STALE, Cause.TAMPERED)
_REFUSED: Verdict = (PushOutcome.REFUSED, Cause.PERMISSION)
_LATER: Verdict = (PushOutcome.FAILED, Cause.TRANSIENT)
_SLOW_DOWN: Verdict = (PushOutcome.FAILED, Cause.RATE_LIMITED)
_OURS: Verdict = (PushOutcome.FAILED, Cause.BUG)

REFUSALS: tuple[tuple[Verdict, tuple[str, ...]], ...] = (
    # git itself, before anything was sent: the lease does not hold.
    (_STALE, (
        r"^\[rejected\].*(stale info|fetch first|non-fast-forward|already exists|needs force)",
        r"^\[rejected\].*remote ref updated",
    )),
    # Races on the server, or its bad day. The next try sees what is there and decides.
    (_LATER, (
        r"failed to update ref", r"cannot lock ref", r"failed to lock", r"incorrect old value",
        r"reference already exists", r"failed to report status", r"unpacker error",
        r"missing necessary objects", r"remote failure", r"internal server error",
        r"temporarily unavailable", r"timed? ?out",
    )),
    (_SLOW_DOWN, (r"rate limit", r"too many requests")),
    # The mirror is never shallow, so these cannot happen; if they do, it is ours to mend.
    (_OURS, (r"shallow update", r"bad pack", r"invalid refspec", r"does not match any")),
    # Rules and rights.
    (_REFUSED, (
        r"GH0\d\d", r"TF40\d{4}", r"VS40\d{4}", r"protected branch", r"rule violations",
        r"not allowed to", r"not permitted", r"permission", r"insufficient", r"archived",
        r"read-?only", r"declined", r"non-fast-forward", r"deny(ing)?", r"prohibited",
        r"hidden ref", r"checked out", r"funny refname", r"quota", r"too large", r"exceeds",
        r"size limit",
    )),
)  # fmt: skip

# A pre-receive hook sees the whole push: one bad branch has all of them refused with these words.
_COLLECTIVE = r"pre-receive hook declined"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


def judge(reason: str, said: str) -> Verdict:
    """`reason` is git's summary for the branch, `said` what the server wrote."""
    for text in (reason, said):
        for verdict, words in REFUSALS:
            if any(_pattern(word).search(text) for word in words):
                return verdict
    return (PushOutcome.FAILED, Cause.BUG)


def is_collective(reason: str) -> bool:
    """Whether the refusal may be another branch's fault."""
    return _pattern(_COLLECTIVE).search(reason) is not None
