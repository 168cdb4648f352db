"""Sending the local forge's webhooks: what another forge would do by itself, done by our worker.

1. Has the repository changed since everything was delivered? A few stats tell; an idle second
   costs no git process.
2. Follow what plain git did, so that a merge by `git push` is told about as well.
3. Send each pending event, oldest first; the cursor moves only after a 2xx answer.
4. The first failure ends the round: the next one begins with the same event.
"""

import http.client
import ipaddress
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from gitops.errors import GatehouseError
from gitops.forges.base import Missing, RepositoryPath
from gitops.forges.local import events, following
from gitops.forges.local.bare import Bare
from gitops.forges.local.store import LocalStore
from gitops.git import locks

TIMEOUT = 3.0  # seconds without progress
ROUND = 200  # deliveries of one repository in one round
_WATCHED = ("refs/gatehouse/meta", "refs/heads", "packed-refs")
Seen = tuple[tuple[int, int] | None, ...]
_delivered: dict[Path, Seen] = {}
_complaints: dict[str, str] = {}
_log = logging.getLogger(__name__)


class NotAccepted(Exception):
    """The receiver did not take a webhook: no connection, no answer, or not 2xx.

    `sent` counts those of the same repository that it took before.
    """

    sent = 0


def send_pending(store: LocalStore, secret: bytes, url: str) -> int:
    """Send what happened in every repository to `url`; how many webhooks were accepted.

    Never raises: what could not be sent is tried again the next time. Two rounds at once do
    nothing twice: the second one finds the first at work and leaves.
    """
    if not secret or not is_allowed(url):
        _complain(url, "no secret, or an address that is neither loopback nor PUBLIC_URL")
        return 0
    changed = _changed(store)
    if not changed:
        return 0
    sent = 0
    try:
        with locks.hold(store.root / "webhooks.flock", wait=0):
            for path, seen in changed:
                sent += _send_of(store, path, seen, secret, url)
        _complaints.pop(url, None)
    except locks.LockBusy:
        pass
    except NotAccepted as error:
        sent += error.sent
        _complain(url, str(error))
    except OSError as error:
        _complain(url, f"{error.filename or store.root}: {error.strerror}")
    return sent


def is_allowed(url: str) -> bool:
    """Whether webhooks may go there: this machine, or the portal's own public address."""
    try:
        target, origin = urlsplit(url), _origin(urlsplit(url))
    except ValueError:  # a port that is none
        return False
    if target.scheme not in ("http", "https") or "@" in target.netloc or not target.hostname:
        return False
    return origin == _origin(urlsplit(settings.PUBLIC_URL)) or _is_loopback(target.hostname)


def _is_loopback(host: str) -> bool:
    """Names are not looked up, save the one that is this machine by definition (RFC 6761)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or (443 if url.scheme == "https" else 80)


def _changed(store: LocalStore) -> list[tuple[RepositoryPath, Seen]]:
    """The repositories that have something undelivered, or may have, and how their refs look."""
    try:
        listed = store.list()
    except OSError:
        return []
    return [(path, seen) for path in listed if (seen := _news(store, path))]


def _news(store: LocalStore, path: RepositoryPath) -> Seen | None:
    try:
        directory = store.directory(path)
    except Missing:  # a folder whose name no repository of ours has
        return None
    seen = tuple(_stat(directory / name) for name in _WATCHED)
    return None if _delivered.get(directory) == seen else seen


def _stat(path: Path) -> tuple[int, int] | None:
    """Changes whenever the file is replaced, or something is renamed into the directory."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _send_of(store: LocalStore, path: RepositoryPath, seen: Seen, secret: bytes, url: str) -> int:
    """Send what one repository has to tell. A damaged one keeps no other one waiting.

    Raises `NotAccepted`.
    """
    try:
        bare = store.open(path)
        following.follow_all(bare)
        facts = store.facts(path)
        pending = events.pending_events(bare, limit=ROUND)
        sent = _send(bare, [events.delivery(facts, event, secret) for event in pending], url)
    except (GatehouseError, ValueError, KeyError) as error:
        _complain(str(path), f"{type(error).__name__}: {error}")
        return 0
    _complaints.pop(str(path), None)
    if len(pending) < ROUND:
        _delivered[store.directory(path)] = seen
    return sent


def _send(bare: Bare, deliveries: Sequence[events.Delivery], url: str) -> int:
    for sent, delivery in enumerate(deliveries):
        try:
            _post(url, delivery)
        except NotAccepted as error:
            error.sent = sent
            raise
        events.mark_delivered(bare, delivery.sequence)
    return len(deliveries)


def _post(url: str, delivery: events.Delivery) -> None:
    """One POST, no redirect followed, no proxy asked. Raises `NotAccepted`."""
    connection = _connect(urlsplit(url))
    try:
        connection.request("POST", urlsplit(url).path or "/", delivery.body, delivery.headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotAccepted(f"no answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotAccepted(f"answered {status}")


def _connect(url: SplitResult) -> http.client.HTTPConnection:
    _, host, port = _origin(url)
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host or "", port, timeout=TIMEOUT, context=context)
    return http.client.HTTPConnection(host or "", port, timeout=TIMEOUT)


def _complain(about: str, reason: str) -> None:
    """Once per reason, not once per second."""
    if _complaints.get(about) != reason:
        _complaints[about] = reason
        _log.warning("local forge: webhooks wait, %s: %s", about, reason)
