"""Atom feeds (RFC 4287), in pages (RFC 5005), with the files of resources as enclosures."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Final, NamedTuple

from fedishare.as2.write import when
from fedishare.core.xml import Xml, element
from fedishare.domain import html
from fedishare.domain.kinds import FileState
from fedishare.queries.cards import Card
from fedishare.queries.feeds import Page

NAMESPACE: Final = "http://www.w3.org/2005/Atom"
TYPE: Final = "application/atom+xml; charset=utf-8"
_TITLE_LENGTH: Final = 80


class Channel(NamedTuple):
    """What a feed is about. `page` is the same for people; `author` a name and an address, where all is by one."""

    address: str
    page: str
    title: str
    subtitle: str
    began_at: datetime
    author: tuple[str, str] | None = None


def feed(channel: Channel, page: Page, *, address: str) -> Xml:
    """One page of a feed; `address` is that of this page."""
    changed = max((_changed(post) for post in page.posts), default=channel.began_at)
    links = {"self": address, "first": channel.address}
    if page.older is not None:
        links["next"] = f"{channel.address}?before={page.older}"
    return element(
        "feed",
        element("id", channel.address),
        element("title", channel.title),
        *([element("subtitle", channel.subtitle)] if channel.subtitle else []),
        element("updated", when(changed)),
        *([_person("author", *channel.author)] if channel.author else []),
        element("link", rel="alternate", type="text/html", href=channel.page),
        *(element("link", rel=rel, type="application/atom+xml", href=href) for rel, href in links.items()),
        element("generator", "FediShare"),
        *(_entry(post, page.tags[post.id]) for post in page.posts),
        xmlns=NAMESPACE,
    )


def _entry(post: Card, labels: Sequence[str]) -> Xml:
    inside = _parts(post, labels)
    return element("entry", *inside, xml_lang=post.language) if post.language else element("entry", *inside)


def _parts(post: Card, labels: Sequence[str]) -> Iterator[Xml]:
    yield element("id", post.uri)
    yield element("title", _title(post))
    yield element("published", when(post.published_at))
    yield element("updated", when(_changed(post)))
    yield _person("author", post.author.name, post.author.uri)
    yield element("link", rel="alternate", type="text/html", href=post.url)
    yield element("link", rel="alternate", type="application/activity+json", href=post.uri)
    yield from _enclosures(post)
    subjects = (term.label for term in post.resource.subjects) if post.resource else ()
    for word in dict.fromkeys((*subjects, *labels)):
        yield element("category", term=word)
    if post.resource is not None and post.resource.licence_label:
        yield element("rights", " ".join(filter(None, (post.resource.licence_label, post.resource.licence_url))))
    yield element("content", _content(post), type="html")


def _enclosures(post: Card) -> Iterator[Xml]:
    """Files that are given out, and pictures."""
    for file in post.resource.files if post.resource else ():
        if file.state is FileState.CLEAN:
            size = {"length": str(file.size)} if file.size else {}
            yield element("link", rel="enclosure", type=file.media_type, href=file.url, title=file.name, **size)
    for picture in post.pictures:
        yield element("link", rel="enclosure", type=picture.media_type, href=picture.url, title=picture.alt)


def _content(post: Card) -> str:
    warning = f"<p><strong>{escape(post.warning, quote=False)}</strong></p>" if post.warning else ""
    return warning + post.content


def _title(post: Card) -> str:
    return post.title or post.warning or html.excerpt(post.content, length=_TITLE_LENGTH) or post.author.name


def _person(name: str, called: str, address: str) -> Xml:
    return element(name, element("name", called), element("uri", address))


def _changed(post: Card) -> datetime:
    return post.edited_at or post.published_at
