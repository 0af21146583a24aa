"""The one link from a page for people to the same thing for servers (rel="alternate")."""

import re
from html.parser import HTMLParser
from typing import Final

from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.net.answers import Answer, is_activity_type

# The link stands in the head; what comes long after it is not read.
MAX_PAGE: Final = 256 << 10
_LINK: Final = re.compile(r'<([^<>]{1,2048})>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)', re.ASCII)
_PARAMETER: Final = re.compile(r'([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.ASCII)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link":
            given = {name: value or "" for name, value in attrs}
            if _is_alternate(given.get("rel", ""), given.get("type", "")) and given.get("href"):
                self.found.append(given["href"])


def activity_link(answer: Answer) -> str:
    """The address that the page names, on its own server; raises Invalid if there is none there (ORG-15)."""
    named = _in_header(answer.headers.get("link", "")) or _in_page(answer)
    if named is None:
        raise Invalid("There is nothing at this address that this server can show.")
    url = hosts.resolve_reference(answer.url, named)
    if not hosts.same_origin(url, answer.url):
        raise Invalid("This page points to another server, which is not followed.")
    return url


def _in_header(header: str) -> str | None:
    for target, written in _LINK.findall(header[:MAX_PAGE]):
        parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(written)}
        if _is_alternate(parameters.get("rel", ""), parameters.get("type", "")):
            return str(target)
    return None


def _in_page(answer: Answer) -> str | None:
    if not answer.content_type.lower().startswith(("text/html", "application/xhtml+xml")):
        return None
    links = _Links()
    links.feed(answer.body[:MAX_PAGE].decode(errors="replace"))
    return next(iter(links.found), None)


def _is_alternate(rel: str, kind: str) -> bool:
    return "alternate" in rel.lower().split() and is_activity_type(kind)
