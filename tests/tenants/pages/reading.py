"""Reading a page as a browser would: elements with their attributes, and the text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol


class Answer(Protocol):
    """Whatever Django's test client gives back."""

    @property
    def content(self) -> bytes: ...


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""  # up to the first tag inside or after it


@dataclass
class Page:
    """All elements in order; `text` is everything between tags."""

    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str, **wanted: str) -> list[Element]:
        """Elements of a tag with these attributes (`class_` for class)."""
        pairs = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            e
            for e in self.elements
            if e.tag == tag and all(e.attributes.get(k) == v for k, v in pairs.items())
        ]

    def value(self, name: str) -> str:
        """What the form sends for the field of this name."""
        for element in self.elements:
            if element.attributes.get("name") == name:
                return element.attributes.get("value", element.text)
        raise AssertionError(f"no field {name}")

    @property
    def ids(self) -> list[str]:
        return [e.attributes["id"] for e in self.elements if "id" in e.attributes]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append(
            Element(tag=tag, attributes={name: value or "" for name, value in attrs})
        )

        self.open = True

    def handle_endtag(self, tag: str) -> None:
        self.open = False

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if self.open:
            self.page.elements[-1].text += data


def read(response: Answer) -> Page:
    """The page in a response."""
    reader = _Reader()
    reader.feed(response.content.decode())
    reader.close()
    return reader.page
