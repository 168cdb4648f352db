"""Smart HTTP, to read: what `git clone` and Flux speak to `/git/<owner>/<name>.git`.

Source: gitprotocol-http(5). Nothing is ever written here: changes come through requests, or from
people who push to the bare repository where the forge lives.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import IO, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from gitops.errors import DeliveryError
from gitops.forges.base import Invalid, Missing, RepositoryPath
from gitops.forges.local import http
from gitops.forges.local.bare import Bare
from portal.localforge.credentials import caller
from portal.localforge.views.common import visit
from tenants import queries

_READ_ONLY = (
    "This address is for reading. Changes come through requests in Gatehouse; people push to the"
    " bare repository on the machine the local forge runs on.\n"
)
_NOT_SMART = "Only git's smart HTTP is spoken here; use git 1.6.6 or later.\n"
_CHALLENGE = 'Basic realm="Gatehouse: an API token as the password", charset="UTF-8"'
_CHUNK = 64 * 1024
View = Callable[[HttpRequest, Bare], HttpResponseBase]


def _for_readers(view: View) -> Callable[[HttpRequest, str, str], HttpResponseBase]:
    """Only for somebody who may see the repository; to everybody else it is not there."""

    @wraps(view)
    def page(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
        user = caller(request)
        if user is None:
            refused = _sentence("Give an API token as the password, or sign in.\n", status=401)
            refused["WWW-Authenticate"] = _CHALLENGE
            return refused
        try:
            path = RepositoryPath(owner=owner, name=name)
            return view(request, visit(queries.actor(user), path).bare)
        except Missing:
            return _sentence("There is no such repository, or it is not yours.\n", status=404)
        except Invalid as error:
            return _sentence(f"{error}\n", status=400)
        except DeliveryError:
            return _sentence("The repository cannot be read now; try again.\n", status=503)

    return page


@never_cache
@require_GET
def info_refs(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """`GET info/refs?service=git-upload-pack`."""
    service = request.GET.get("service", "")
    if service == "git-receive-pack":
        return _sentence(_READ_ONLY, status=403)
    if service != http.SERVICE:
        return _sentence(_NOT_SMART, status=403)
    return _advertise(request, owner, name)


@_for_readers
def _advertise(request: HttpRequest, bare: Bare) -> HttpResponseBase:
    answer = http.upload_pack_advertise(bare, protocol=_protocol(request))
    return StreamingHttpResponse(answer, content_type=http.ADVERTISEMENT_TYPE)


@csrf_exempt
@never_cache
@require_POST
@_for_readers
def upload_pack(request: HttpRequest, bare: Bare) -> HttpResponseBase:
    """`POST git-upload-pack`. Without a CSRF token, as git has none: it changes nothing."""
    if request.content_type != http.REQUEST_TYPE:
        return _sentence(f"The request must be {http.REQUEST_TYPE}.\n", status=415)
    encoding = request.headers.get("Content-Encoding", "")
    answer = http.upload_pack(bare, _body(request), protocol=_protocol(request), encoding=encoding)
    return StreamingHttpResponse(answer, content_type=http.RESULT_TYPE)


@csrf_exempt
def receive_pack(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Nobody pushes here."""
    return _sentence(_READ_ONLY, status=403)


@require_GET
def clone_address(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Somebody opened the clone address in a browser: on to the page."""
    return redirect("forge-repository", owner=owner, name=name)


def _body(request: HttpRequest) -> Iterator[bytes]:
    """The request in pieces.

    Git sends long requests chunked, without a length; Django reads nothing then. A server that
    takes the chunks apart says that its input ends by itself (`wsgi.input_terminated`).
    """
    source = cast(IO[bytes], request)
    if request.META.get("wsgi.input_terminated") and not request.META.get("CONTENT_LENGTH"):
        source = request.META["wsgi.input"]
    while piece := source.read(_CHUNK):
        yield piece


def _protocol(request: HttpRequest) -> str:
    return request.headers.get("Git-Protocol", "")


def _sentence(text: str, *, status: int) -> HttpResponse:
    """As plain text: git shows it to the person who typed the command."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
