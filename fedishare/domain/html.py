"""Other people's HTML, text and addresses made safe to show: the allow-list, the caps, and plain text made from HTML.

nh3 does the cleaning; what stands here decides what it may be given, because its cost grows faster than its input.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from typing import Final
from urllib.parse import urlsplit

import nh3

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 100

# So much of a text that is too long is looked at: more than can be shown, with some room for its tags.
MAX_READ: Final = 4 * MAX_BYTES

MAX_URL_LENGTH: Final = 2048

# Unclosed formatting is repeated inside every block that follows it, attributes and all, so what counts is how much
# open markup each tag is read under: 30 KB of link text before 6,000 paragraphs would otherwise come out as 180 MB.
MAX_CARRIED: Final = 1024 * 1024

# What does not belong into a table is moved before it, and each move looks through all that was moved before.
MAX_IN_TABLES: Final = 3000

MAX_ROUNDS: Final = 4

TAGS: Final = frozenset((
    "p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em", "ul", "ol", "li",
    "ruby", "rt", "rp", "h2", "h3", "h4", "h5", "h6",
))  # fmt: skip
CLASSES: Final = frozenset(("mention", "hashtag", "ellipsis", "invisible", "quote-inline", "h-card", "u-url", "p-name"))
LINK_REL: Final = "nofollow noopener noreferrer"

# Characters that are there but cannot be seen, or that turn the reading direction round (XSS-09). Joiners and the
# letters of flag emoji have honest uses; `text` looks at those one by one.
HIDDEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0080-\U000e0fff"
)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNSEEN: Final = re.compile(f"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{HIDDEN}]")
_FLAG_LETTERS: Final = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]++)|[\U000e0000-\U000e007f]")
_STRAY_JOINER: Final = re.compile(
    "(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])"
)

_UNFIT_IN_URL: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029\U000e0000-\U000e007f{HIDDEN}]")
_PLAIN_URL: Final = re.compile(r"https://[a-z0-9-]++(?:\.[a-z0-9-]++)++(?:/[A-Za-z0-9/._~@%#?&=+-]*+)?+")
_NETLOC: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]++\]|[\w.-]++)(?::[0-9]*+)?")
_URL_QUOTES: Final = str.maketrans({character: f"%{ord(character):02X}" for character in ' "<>`{}|^'})

_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
))  # fmt: skip
# A new one closes the one before, so these never nest by being left open. Definitions do, with list items between them.
_CLOSED_BY_THE_NEXT: Final = frozenset(("p", "li"))
_MARKUP: Final = re.compile(
    r"""<(?:
        (?P<opened>[a-zA-Z][a-zA-Z0-9:-]*+)
        (?:\s++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++))?)*+\s*+/?>
        |/(?P<closed>[a-zA-Z][a-zA-Z0-9:-]*+)\s*+>
        |(?P<odd>[a-zA-Z/])
    )""",
    re.VERBOSE,
)
_DECLARATION: Final = re.compile("<[!?]")
_TAG_START: Final = re.compile("<[a-zA-Z/]")
_HIDDEN_ELEMENT: Final = re.compile("<(script|style)", re.IGNORECASE | re.ASCII)
_ANCHOR: Final = re.compile(r"<a( [^<>]*+)>")
_TAG: Final = re.compile(r"<(/?[a-z][a-z0-9]*+)[^<>]*+>")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_PARAGRAPH: Final = dict.fromkeys(("p", "pre", "blockquote", "h2", "h3", "h4", "h5", "h6"), "\n\n")
_LINE: Final = dict.fromkeys(("br", "li", "/ul", "/ol"), "\n")
_BREAKS: Final = _LINE | _PARAGRAPH | {f"/{name}": gap for name, gap in _PARAGRAPH.items()}


def clean(html: str) -> str:
    """Other people's HTML cut down to our allow-list: at most 64 KiB, and cleaning them again changes nothing.

    What is too long, too deep or would grow too much comes back as plain text in one paragraph. Never raises. It can
    take some milliseconds, so callers on an event loop send anything over 16 KB to a thread.
    """
    if len(html) > MAX_BYTES:
        return _as_text(html)
    current = _uncommented(_wellformed(html))
    for _ in range(MAX_ROUNDS):
        if not _is_bearable(current):
            break
        cleaned = _cleaned_once(current)
        if cleaned == current:
            return cleaned
        current = cleaned
    return _as_text(html)


def plain(html: str) -> str:
    """The text of some HTML, cleaned or not, with an empty line between paragraphs and a break between list items."""
    spaced = _TAG.sub(lambda tag: _BREAKS.get(tag[1], ""), clean(html).replace("\n", " "))
    lines = [" ".join(line.split()) for line in unescape(spaced).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def excerpt(html: str, *, length: int) -> str:
    """The text of some HTML on one line of at most `length` characters, cut between words where that is possible."""
    whole = " ".join(plain(html).split())
    if len(whole) <= length:
        return whole
    shortened = whole[: max(length - 1, 0)]
    words, _, rest = shortened.rpartition(" ")
    return (words if words and len(rest) < length // 2 else shortened).rstrip()[: max(length - 1, 0)] + "…"[:length]


def text(value: str, *, limit: int) -> str:
    """A foreign name, title or description on one line of at most `limit` characters, without what cannot be seen.

    The answer is text and not HTML: whoever puts it into a page still has to escape it (XSS-04).
    """
    seen = _FLAG_LETTERS.sub(lambda found: found[1] or "", _UNSEEN.sub("", value))
    seen = _STRAY_JOINER.sub("", " ".join(seen.split()))
    seen = " ".join(seen.split())
    return seen if len(seen) <= limit else seen[: max(limit - 1, 0)].rstrip() + "…"[:limit]


def safe_url(url: str) -> str | None:
    """The address if it is an absolute http or https one without credentials or tricks, else None (XSS-02, XSS-03).

    Characters that no address may contain are percent-encoded; everything else stays as it came.
    """
    url = url.strip(" \t\r\n\f")
    if len(url) <= MAX_URL_LENGTH and _PLAIN_URL.fullmatch(url):
        return url  # Nearly all are like this, and there is nothing about them to be unsure of.
    if len(url) > MAX_URL_LENGTH or _UNFIT_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _NETLOC.fullmatch(parts.netloc):
        return None
    return parts.scheme + url[len(parts.scheme) :].translate(_URL_QUOTES)


def _wellformed(html: str) -> str:
    # Lone surrogates cannot be encoded, and controls make parser and serialiser disagree.
    readable = html.encode(errors="replace").decode()
    return _CONTROLS.sub("", readable.replace("\r\n", "\n").replace("\r", "\n"))


def _uncommented(html: str) -> str:
    """Comments go first, so that nothing inside one can pass for a tag when depth is counted."""
    kept, position = [], 0
    while start := _DECLARATION.search(html, position):
        kept.append(html[position : start.start()])
        ending = "-->" if html.startswith("<!--", start.start()) else ">"
        end = html.find(ending, start.start())
        if end < 0:
            return "".join(kept)
        position = end + len(ending)
    return "".join(kept) + html[position:]


def _is_bearable(html: str) -> bool:
    """Whether nh3 may have it: a linear look at size, depth and open markup that errs towards no (DOS-18, DOS-19).

    A closing tag counts only if it closes what was opened last. From the first tag that is not written plainly nothing
    counts as closed any more, because from there our reading and the parser's may differ.
    """
    if len(html.encode()) > MAX_BYTES or _DECLARATION.search(html):
        return False
    opened: list[tuple[str, int]] = []
    uncounted = _VOID | _CLOSED_BY_THE_NEXT
    weight = carried = tables = in_tables = 0
    is_plainly_written = True
    for tag in _MARKUP.finditer(html):
        name = (tag["opened"] or tag["closed"] or "").lower()
        in_tables += tables > 0
        if tag["closed"]:
            if is_plainly_written and opened and opened[-1][0] == name:
                weight -= opened.pop()[1]
                tables -= name == "table"
            continue
        if tag["odd"]:
            is_plainly_written = False
        carried += weight
        if name in uncounted:
            continue
        if name in {"svg", "math"}:
            uncounted = _CLOSED_BY_THE_NEXT
        opened.append((name, len(tag[0]) if name else len(html) - tag.start()))
        weight += opened[-1][1]
        tables += name == "table"
        if len(opened) > MAX_DEPTH:
            return False
    return carried <= MAX_CARRIED and in_tables <= MAX_IN_TABLES


def _cleaned_once(html: str) -> str:
    cleaned = _wellformed(_CLEANER.clean(html))
    # The serialiser escapes angle brackets in text and in attributes, so these can only be tags.
    cleaned = cleaned.replace("<h1", "<h2").replace("</h1>", "</h2>")
    return _ANCHOR.sub(_with_rel, cleaned)


def _with_rel(anchor: re.Match[str]) -> str:
    attributes = anchor[1]
    if ' rel="tag"' in attributes:
        return f"<a{attributes}>".replace(' rel="tag"', f' rel="tag {LINK_REL}"')
    return f'<a{attributes} rel="{LINK_REL}">' if ' href="' in attributes else anchor[0]


def _known_classes(value: str) -> str | None:
    return " ".join(kept for kept in dict.fromkeys(value.split()) if kept in CLASSES) or None


def _number(value: str) -> str | None:
    return value if _NUMBER.fullmatch(value) else None


# One entry for each attribute that the cleaner lets through.
_KEPT: Final[dict[str, Callable[[str], str | None]]] = {
    "href": safe_url,
    "class": _known_classes,
    # A rel of "me" would let a stranger's text claim the page it stands on (XSS-08).
    "rel": lambda value: "tag" if "tag" in value.split() else None,
    "translate": lambda value: "no" if value == "no" else None,
    "lang": lambda value: value if _LANGUAGE.fullmatch(value) else None,
    "start": _number,
    "value": _number,
    "reversed": lambda _: "",
}


def _attribute(_tag: str, name: str, value: str) -> str | None:
    # The cleaner also asks about attributes that steer its parser, such as the encoding of MathML annotations.
    rule = _KEPT.get(name)
    return rule(value) if rule else None


def _as_text(html: str) -> str:
    words = _untagged(_uncommented(_wellformed(html[:MAX_READ])))
    words = " ".join(_CONTROLS.sub("", words).split())
    if not words:
        return ""
    room = MAX_BYTES - len("<p></p>")
    shown = escape(words, quote=False).encode()[:room].decode(errors="ignore")
    # A cut may fall inside an entity; what is left of it goes too.
    start = shown.rfind("&")
    if start >= 0 and ";" not in shown[start:]:
        shown = shown[:start]
    return f"<p>{shown}</p>"


def _untagged(html: str) -> str:
    """The text between the tags, read in one pass and without a parser: for what a parser may not be given.

    The answer is text; markup that was escaped in the HTML stands unescaped in it.
    """
    kept, position = [], 0
    while tag := _TAG_START.search(html, position):
        kept.append(html[position : tag.start()])
        hidden = _HIDDEN_ELEMENT.match(html, tag.start())
        end = _closing(html, hidden[1], tag.start()) if hidden else html.find(">", tag.start())
        position = end + 1 if end >= 0 else len(html)
    return _unescaped(" ".join([*kept, html[position:]]))


def _closing(html: str, name: str, start: int) -> int:
    closing = re.compile(f"</{name}[^>]*+>", re.IGNORECASE | re.ASCII).search(html, start)
    return closing.end() - 1 if closing else -1


def _unescaped(value: str) -> str:
    try:
        return unescape(value)
    except ValueError:
        # A numeric entity of thousands of digits is no character at all.
        return value


_CLEANER: Final = nh3.Cleaner(
    tags=TAGS | {"h1"},
    clean_content_tags={"script", "style", "template", "iframe", "object", "noembed", "noframes", "noscript"},
    attributes={
        "*": {"lang"},
        "a": {"href", "rel", "class", "translate"},
        "span": {"class", "translate"},
        "p": {"class"},
        "ol": {"start", "reversed"},
        "li": {"value"},
    },
    attribute_filter=_attribute,
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=None,
)


def headline(title: str) -> str:
    """The first paragraph of a text whose title most servers do not show by itself."""
    return f"<p><strong>{escape(title, quote=False)}</strong></p>"


_QUOTE_LINE: Final = re.compile(r'<(p|span) class="(?:[a-z-]+ )*quote-inline(?: [a-z-]+)*">')


def without_quote_line(html: str) -> str:
    """A cleaned text without the line that stands in for a quote where quotes are not shown (mastodon.md 3.5)."""
    found = _QUOTE_LINE.search(html)
    if found is None:
        return html
    name, depth = found[1], 0
    for tag in re.finditer(rf"<(/?){name}\b[^<>]*+>", html[found.start() :]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return html[: found.start()] + html[found.start() + tag.end() :]
    return html
