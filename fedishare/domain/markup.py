"""Markdown to safe HTML with mentions, hashtags and links; and, from `html` beside it, other people's HTML made safe.

Markdown is CommonMark without raw HTML, images and rules; a line break stays a line break, and addresses become links.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from fedishare.domain.html import LINK_REL, clean, excerpt, plain, safe_url, text, without_quote_line

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = [
    "Rendered",
    "clean",
    "excerpt",
    "find_hashtags",
    "find_mentions",
    "fold_tag",
    "plain",
    "render",
    "safe_url",
    "text",
    "without_quote_line",
]

MAX_TAG_LENGTH: Final = 100


class Rendered(msgspec.Struct, frozen=True):
    """A text ready to be shown, and what was found in it, each in order and once."""

    html: str
    mentions: tuple[str, ...]
    hashtags: tuple[str, ...]
    links: tuple[str, ...]


class _Addresses(NamedTuple):
    mention: Callable[[str], tuple[str, str] | None]
    tag: Callable[[str], str]


def render(
    source: str, *, mention_url: Callable[[str], tuple[str, str] | None], tag_url: Callable[[str], str]
) -> Rendered:
    """Markdown to safe HTML.

    `mention_url` gets a handle as `find_mentions` gives it and answers with the profile's address and the short name to
    show, or None, which leaves the text as it was written. `tag_url` gets the folded tag. Raises `TooLarge`, which is
    an `Invalid`, over 64 KiB.
    """
    tokens = _parse(source)
    mentions = _mentions(tokens)
    first_written = {handle.casefold(): handle for handle in mentions}
    to = _Addresses(mention=lambda handle: mention_url(first_written[handle.casefold()]), tag=tag_url)
    return Rendered(
        html=_write(tokens, to),
        mentions=mentions,
        hashtags=_hashtags(tokens),
        links=tuple(dict.fromkeys(_links(tokens))),
    )


def find_mentions(source: str) -> tuple[str, ...]:
    """The handles that `render` will ask for: `name` or `name@host` without the leading @, host in lower case."""
    return _mentions(_parse(source))


def find_hashtags(source: str) -> tuple[str, ...]:
    """The hashtags of a text as they were first written, without the #; two that fold alike are one."""
    return _hashtags(_parse(source))


def fold_tag(name: str) -> str:
    """The form in which two spellings of a hashtag are the same, or an empty string if this cannot be a hashtag.

    A hashtag is at most 100 letters, digits and underscores, and not digits alone.
    """
    if len(name) > MAX_TAG_LENGTH + 1:
        return ""
    folded = unicodedata.normalize("NFKC", name).removeprefix("#").casefold()
    folded = unicodedata.normalize("NFKC", folded)
    is_tag = all(map(is_tag_character, folded)) and any(map(str.isalnum, folded)) and not folded.isdigit()
    return folded if is_tag and len(folded) <= MAX_TAG_LENGTH else ""


def _parse(source: str) -> list["Token"]:
    from fedishare.domain import markdown  # noqa: PLC0415 -- the parser is large, and a node starts without a post

    return markdown.parse(source)


def _pieces(tokens: Sequence["Token"], kind: str) -> Iterator[str]:
    for token in tokens:
        for piece in token.children or ():
            if piece.type == kind:
                yield piece.content


def _mentions(tokens: Sequence["Token"]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for handle in _pieces(tokens, "mention"):
        first.setdefault(_handle(handle).casefold(), _handle(handle))
    return tuple(first.values())


def _hashtags(tokens: Sequence["Token"]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for name in _pieces(tokens, "hashtag"):
        first.setdefault(fold_tag(name), name)
    return tuple(first.values())


def _links(tokens: Sequence["Token"]) -> Iterator[str]:
    for token in tokens:
        for piece in token.children or ():
            if piece.type == "link_open":
                yield safe_url(str(piece.attrGet("href"))) or ""
            elif piece.type == "url":
                yield safe_url(piece.content) or ""


def _handle(written: str) -> str:
    name, at, host = written.removeprefix("@").partition("@")
    return f"{name}{at}{host.casefold()}"


def _write(tokens: Sequence["Token"], to: _Addresses) -> str:
    return "".join(_piece(token, to) for token in tokens)


# Written out instead of left to the library, so that the tags we send are these and no others, without the line ends
# between blocks that Mastodon shows as empty lines.
def _piece(token: "Token", to: _Addresses) -> str:
    content = escape(token.content, quote=False)
    match token.type:
        case "inline":
            html = _write(token.children or (), to)
        case "mention":
            html = _mention_html(token.content, to)
        case "hashtag":
            html = _hashtag_html(token.content, to)
        case "url":
            html = f"{_link_html(token.content)}{content}</a>"
        case "link_open":
            html = _link_html(str(token.attrGet("href")))
        case "code_inline":
            html = f"<code>{content}</code>"
        case "fence" | "code_block":
            html = f"<pre><code>{content.rstrip()}</code></pre>"
        case "softbreak" | "hardbreak":
            html = "<br>"
        case "unparsed":
            html = _unparsed_html(content)
        case _:
            html = _tag(token) if token.nesting else content
    return html


def _unparsed_html(escaped: str) -> str:
    paragraphs = re.sub(r"\n{2,}", "</p><p>", escaped.strip())
    return f"<p>{paragraphs}</p>".replace("\n", "<br>")


def _tag(token: "Token") -> str:
    if token.hidden:
        return ""
    tag = "h2" if token.tag == "h1" else token.tag
    start = token.attrGet("start")
    numbered = "" if start is None else f' start="{int(start)}"'
    return f"<{tag}{numbered}>" if token.nesting > 0 else f"</{tag}>"


def _link_html(url: str) -> str:
    return f'<a href="{escape(safe_url(url) or "")}" rel="{LINK_REL}">'


def _mention_html(written: str, to: _Addresses) -> str:
    found = to.mention(_handle(written))
    url = found and safe_url(found[0])
    if not found or not url:
        return escape(written, quote=False)
    link = f'<a href="{escape(url)}" class="u-url mention">@<span>{escape(found[1])}</span></a>'
    return f'<span class="h-card" translate="no">{link}</span>'


def _hashtag_html(name: str, to: _Addresses) -> str:
    url = safe_url(to.tag(fold_tag(name))) or ""
    return f'<a href="{escape(url)}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'


def is_tag_character(character: str) -> bool:
    # Marks are the vowel signs of many scripts; without them a Hindi word would end after its first letter.
    return character.isalnum() or character == "_" or unicodedata.category(character) in {"Mn", "Mc"}
