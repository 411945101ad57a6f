"""A page as a parser sees it."""

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "link", "input"}
LEAF = {"circle", "line", "path", "rect"}


class Read(HTMLParser):
    """Tags with their attributes, in order, and texts by the tag that they stand in; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), tag
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in LEAF
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all tags of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag: str = "") -> str:
        """The texts in tags of a name, or all that a reader sees."""
        hidden = ("style", "script")
        return "\n".join(text for name, text in self.texts if (name == tag if tag else name not in hidden))
