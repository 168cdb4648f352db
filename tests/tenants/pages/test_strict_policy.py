"""Nothing inline on any page, so that the content security policy needs no exception."""

from tests.tenants.pages.conftest import Browse
from tests.tenants.pages.reading import Answer, read
from tests.world import World

_ADDRESSES = ("href", "src", "action", "formaction", "hx-get", "hx-post")


def _offences(response: Answer) -> list[str]:
    found = []
    for element in read(response).elements:
        names = element.attributes
        found += [
            f"{element.tag} {n}" for n in names if n == "style" or n.startswith(("on", "hx-on"))
        ]
        if element.tag == "style" or (element.tag == "script" and "src" not in names):
            found.append(f"inline {element.tag}")
        for name in _ADDRESSES:
            address = names.get(name, "")
            if address.startswith("javascript:") or (
                element.tag in {"script", "link", "img"} and "//" in address
            ):
                found.append(f"{element.tag} {name}={address}")
    return found


def test_no_page_has_anything_inline(world: World, browse: Browse) -> None:
    draft = world.add_namespace("Nonsense")
    waiting = world.submitted()
    world.approved("iris-blue-other")
    world.hurry()
    addresses = [
        "/",
        "/requests/",
        "/requests/?status=rejected",
        "/requests/new/",
        "/requests/new/onboard-tenant/",
        "/requests/new/add-namespace/?tenant=iris-blue",
        "/tenants/",
        "/tenants/iris-blue/",
        "/namespaces/",
        "/clusters/",
        "/clusters/dev-1/",
        "/nowhere/",
        *(f"/requests/{n}/" for n in (draft.number, waiting.number, waiting.number + 1)),
    ]
    for person in (world.alice, world.bob):
        for address in addresses:
            answer = browse(person).get(address)
            assert _offences(answer) == [], address
            policy = answer["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
    assert _offences(browse(None).get("/accounts/login/")) == []
    clicked = browse(world.bob).post(f"/requests/{waiting.number}/reject/", {"comment": ""})
    assert clicked.status_code >= 400
    assert _offences(clicked) == []
    refused = browse(world.alice).post("/requests/new/add-namespace/", {"do": "submit"})
    assert _offences(refused) == []


def test_what_people_type_is_text_everywhere(world: World, browse: Browse) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    form = {
        "tenant": "iris-blue",
        "spec-name": hostile,
        "spec-clusters": [hostile],
        "spec-size_class": hostile,
        "purpose": hostile,
        "cost_centre": hostile,
        "do": "draft",
    }
    alice = browse(world.alice)
    made = alice.post("/requests/new/add-namespace/", form)
    alice.post(f"{made['Location']}comment/", {"comment": hostile})
    for address in ("/", "/requests/", made["Location"], f"{made['Location']}edit/"):
        answer = alice.get(address)
        assert hostile not in answer.content.decode()
        assert _offences(answer) == [], address
    assert _offences(alice.get("/namespaces/", {"q": hostile, "tenant": hostile})) == []
