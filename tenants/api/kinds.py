"""The kinds of errors the API answers, and what each asks the caller to do.

The handler and the documentation page behind each error's `type` both read this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of error. `slug` is the last word of its `type`; `todo` is advice for the caller."""

    slug: str
    status: int
    title: str
    todo: str


KINDS: Mapping[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind(
            slug="bad-query",
            status=400,
            title="The query string asks for something that does not exist",
            todo="Each entry of `errors` points to a parameter (/query/<name>) and says what it"
            " takes. Change the address; the same one fails again.",
        ),
        Kind(
            slug="malformed",
            status=400,
            title="The request cannot be read",
            todo="Look at `detail`, and at what your client puts on the wire. The same request"
            " fails again.",
        ),
        Kind(
            slug="not-signed-in",
            status=401,
            title="Nobody is signed in",
            todo="Send a token as `Authorization: Bearer gh_<id>.<secret>`. People make theirs in"
            " the portal, operators with `manage.py create_token`.",
        ),
        Kind(
            slug="invalid-token",
            status=401,
            title="The token does not work",
            todo="It is mistyped, expired or revoked, or its owner's account is disabled; which"
            " one is not told. Make a new token. Trying again does not help.",
        ),
        Kind(
            slug="insufficient-scope",
            status=403,
            title="The token lacks a scope",
            todo="Make a token with the scope that `detail` and the header WWW-Authenticate name.",
        ),
        Kind(
            slug="not-allowed",
            status=403,
            title="You may not do this",
            todo="`detail` says why, and who may instead.",
        ),
        Kind(
            slug="not-found",
            status=404,
            title="There is nothing here",
            todo="The address is wrong, or what it names is not yours to see: the two look the"
            " same on purpose.",
        ),
        Kind(
            slug="method-not-allowed",
            status=405,
            title="This address does not take this method",
            todo="The header Allow lists the methods it takes.",
        ),
        Kind(
            slug="not-acceptable",
            status=406,
            title="No answer in the format asked for",
            todo="Answers are JSON: send `Accept: application/json`, or no Accept at all.",
        ),
        Kind(
            slug="unsupported-media-type",
            status=415,
            title="The body is not JSON",
            todo="Send JSON, and `Content-Type: application/json`.",
        ),
        Kind(
            slug="too-many-requests",
            status=429,
            title="Too many requests",
            todo="Wait as many seconds as Retry-After says, then try again.",
        ),
        Kind(
            slug="internal",
            status=500,
            title="Gatehouse has made a mistake",
            todo="Tell the platform team the `request_id`: the log has the details under it.",
        ),
        Kind(
            slug="unavailable",
            status=503,
            title="The database does not answer",
            todo="Wait as many seconds as Retry-After says, then try again.",
        ),
    )
}
