"""The site of the real results as files: every link and anchor of every page leads somewhere in it."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Ids and addresses of one page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.twice, self.addresses = set(), [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                if value in self.ids:
                    self.twice.append(value)
                self.ids.add(value)
            elif name in {"href", "src", "action"}:
                self.addresses.add(value)


def test_every_link_and_anchor_leads_somewhere(site):
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 200
    assert {path.name: page.twice for path, page in pages.items() if page.twice} == {}
    wrong = []
    for path, page in pages.items():
        for text in page.addresses:
            address = urlsplit(text)
            if address.scheme in {"http", "https"}:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            found = target.is_file() and not address.scheme
            if found and address.fragment and target in pages:
                found = unquote(address.fragment) in pages[target].ids
            if not found:
                wrong.append((path.name, text))
    assert wrong == []
