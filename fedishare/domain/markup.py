"""Markdown to safe HTML with mentions, hashtags and links; and, from `html` beside it, other people's HTML made safe.

Markdown is CommonMark without raw HTML, images and rules; a line break stays a line break, and addresses become links.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

import msgspec
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from fedishare.core.errors import TooLarge
from fedishare.domain.html import LINK_REL, MAX_BYTES, clean, excerpt, plain, safe_url, text, without_quote_line

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

# Every one of these costs the parser up to 20 microseconds. A text with more of them than any person writes is not
# parsed at all but shown as it is, in paragraphs (DOS-20).
MARKUP_CHARACTERS: Final = "[]*_`~<>&!@#:\\\n"
MAX_MARKUP: Final = 3000

_MENTION: Final = re.compile(
    r"@([A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+)"
    r"(?:@([^\W_]++(?:-++[^\W_]++)*+(?:\.[^\W_]++(?:-++[^\W_]++)*+)*+(?::[0-9]{2,5}+)?+))?+"
    r"(?![@\w])"
)
_URL_RUN: Final = re.compile(r"""[^\s<>"`\\\[\]]*+""")
_SCHEME: Final = re.compile(r"(?<![\w.+/:=@-])https?$", re.IGNORECASE)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_TRAILING: Final = frozenset("?!.,:;*_~'")


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
    is_tag = all(map(_is_tag_character, folded)) and any(map(str.isalnum, folded)) and not folded.isdigit()
    return folded if is_tag and len(folded) <= MAX_TAG_LENGTH else ""


class _Markdown(MarkdownIt):
    # The name is the library's: it is the hook that decides which links stay text.
    def validateLink(self, url: str) -> bool:  # noqa: N802
        return safe_url(url) is not None


def _parse(source: str) -> list[Token]:
    if len(source.encode(errors="replace")) > MAX_BYTES:
        raise TooLarge("This text is too long. Shorten it, or attach the long part as a file.")
    readable = _CONTROLS.sub("", source.encode(errors="replace").decode())
    if sum(map(readable.count, MARKUP_CHARACTERS)) > MAX_MARKUP:
        return [Token("unparsed", "", 0, content=readable)]
    return _PARSER.parse(readable)


def _pieces(tokens: Sequence[Token], kind: str) -> Iterator[str]:
    for token in tokens:
        for piece in token.children or ():
            if piece.type == kind:
                yield piece.content


def _mentions(tokens: Sequence[Token]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for handle in _pieces(tokens, "mention"):
        first.setdefault(_handle(handle).casefold(), _handle(handle))
    return tuple(first.values())


def _hashtags(tokens: Sequence[Token]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for name in _pieces(tokens, "hashtag"):
        first.setdefault(fold_tag(name), name)
    return tuple(first.values())


def _links(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        for piece in token.children or ():
            if piece.type == "link_open":
                yield safe_url(str(piece.attrGet("href"))) or ""
            elif piece.type == "url":
                yield safe_url(piece.content) or ""


def _handle(written: str) -> str:
    name, at, host = written.removeprefix("@").partition("@")
    return f"{name}{at}{host.casefold()}"


def _write(tokens: Sequence[Token], to: _Addresses) -> str:
    return "".join(_piece(token, to) for token in tokens)


# Written out instead of left to the library, so that the tags we send are these and no others, without the line ends
# between blocks that Mastodon shows as empty lines.
def _piece(token: Token, to: _Addresses) -> str:
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


def _tag(token: Token) -> str:
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


def _begins_word(state: StateInline) -> bool:
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    return not before or not (before.isalnum() or before in "_/=@#&")


def _read_mention(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@":
        return False
    found = _MENTION.match(state.src, state.pos, state.posMax) if _begins_word(state) and not state.linkLevel else None
    return _take(state, "mention", found[0], silent=silent) if found else _pass_run(state, silent=silent)


def _read_hashtag(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "#":
        return False
    end = start = state.pos + 1
    if _begins_word(state) and not state.linkLevel:
        while end < state.posMax and _is_tag_character(state.src[end]):
            end += 1
    name = state.src[start:end]
    if not fold_tag(name):
        return _pass_run(state, silent=silent)
    state.pos = start
    return _take(state, "hashtag", name, silent=silent)


def _read_url(state: StateInline, silent: bool) -> bool:
    if state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.src[max(0, state.pos - 6) : state.pos])
    if not scheme or not (silent or state.pending.endswith(scheme[0])):
        return False
    run = _URL_RUN.match(state.src, state.pos, state.posMax)
    url = _trimmed(scheme[0] + run[0]) if run else ""
    if safe_url(url) is None:
        # Passed over as a whole, so that no part of it is tried again.
        rest = url[len(scheme[0]) :]
        state.pos += len(rest)
        if not silent:
            state.append_pending(rest)
        return bool(rest)
    state.pos -= len(scheme[0])
    if not silent:
        state.pending = state.pending[: -len(scheme[0])]
    return _take(state, "url", url, silent=silent)


def _trimmed(url: str) -> str:
    """The address without the punctuation of the sentence round it; a closing bracket stays if it was opened inside."""
    unopened = url.count(")") - url.count("(")
    end = len(url)
    while end and (url[end - 1] in _TRAILING or (url[end - 1] == ")" and unopened > 0)):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def _take(state: StateInline, kind: str, content: str, *, silent: bool) -> bool:
    if not silent:
        state.push(kind, "", 0).content = content
    state.pos += len(content)
    return True


def _pass_run(state: StateInline, *, silent: bool) -> bool:
    """A run of the same sign means nothing here or later: pass over it at once."""
    sign = state.src[state.pos]
    end = state.pos + 1
    while end < state.posMax - 1 and state.src[end] == state.src[end + 1] == sign:
        end += 1
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def _is_tag_character(character: str) -> bool:
    # Marks are the vowel signs of many scripts; without them a Hindi word would end after its first letter.
    return character.isalnum() or character == "_" or unicodedata.category(character) in {"Mn", "Mc"}


def _parser() -> MarkdownIt:
    parser = _Markdown("commonmark", {"html": False}).disable(["image", "html_inline", "html_block", "hr"])
    for name, rule in (("mention", _read_mention), ("hashtag", _read_hashtag), ("url", _read_url)):
        parser.inline.ruler.after("text", name, rule)
    return parser


_PARSER: Final = _parser()
