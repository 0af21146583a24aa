"""Reads Markdown into tokens, with mentions, hashtags and addresses among them; `markup` writes them out."""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from fedishare.core.errors import TooLarge
from fedishare.domain.html import MAX_BYTES, safe_url
from fedishare.domain.markup import fold_tag, is_tag_character

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


class _Markdown(MarkdownIt):
    # The name is the library's: it is the hook that decides which links stay text.
    def validateLink(self, url: str) -> bool:  # noqa: N802
        return safe_url(url) is not None


def parse(source: str) -> list[Token]:
    if len(source.encode(errors="replace")) > MAX_BYTES:
        raise TooLarge("This text is too long. Shorten it, or attach the long part as a file.")
    readable = _CONTROLS.sub("", source.encode(errors="replace").decode())
    if sum(map(readable.count, MARKUP_CHARACTERS)) > MAX_MARKUP:
        return [Token("unparsed", "", 0, content=readable)]
    return _PARSER.parse(readable)


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
        while end < state.posMax and is_tag_character(state.src[end]):
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


def _parser() -> MarkdownIt:
    parser = _Markdown("commonmark", {"html": False}).disable(["image", "html_inline", "html_block", "hr"])
    for name, rule in (("mention", _read_mention), ("hashtag", _read_hashtag), ("url", _read_url)):
        parser.inline.ruler.after("text", name, rule)
    return parser


_PARSER: Final = _parser()
