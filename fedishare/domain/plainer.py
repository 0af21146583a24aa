"""HTML for apps that know few tags: paragraphs, line breaks, links and spans, and nothing else of what pages have.

What comes in was cleaned before; what goes out is never richer than that.
"""

from html import escape
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset(("p", "blockquote", "pre", "h2", "h3", "h4", "h5", "h6", "ul", "ol"))
_KEPT: Final = frozenset(("a", "span"))
_ATTRIBUTES: Final = ("href", "rel", "class", "translate", "lang")
_SHOWN: Final = 30
_SCHEMES: Final = ("https://", "http://")


def simplify(html: str) -> str:
    """The same text in `p`, `br`, `span` and `a`. Lists become lines with a mark, and an address that is shown as
    the text of its link is cut short with the classes that apps know (`invisible`, `ellipsis`).
    """
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.written()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._inline: list[tuple[str, str]] = []
        self._lists: list[int | None] = []
        self._is_open = False
        self._is_preformatted = False
        self._link: tuple[int, str] | None = None

    def written(self) -> str:
        self._end_paragraph()
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._write("<br>")
        elif tag == "li":
            self._begin_item()
        elif tag in _BLOCKS:
            if not (tag == "p" and self._lists):
                self._end_paragraph()
            if tag in {"ul", "ol"}:
                self._lists.append(_start(attrs) if tag == "ol" else None)
            self._is_preformatted = self._is_preformatted or tag == "pre"
        elif tag in _KEPT:
            self._begin_inline(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _KEPT:
            self._end_inline(tag)
        elif tag in _BLOCKS:
            if not (tag == "p" and self._lists):
                self._end_paragraph()
            if tag in {"ul", "ol"} and self._lists:
                self._lists.pop()
            if tag == "pre":
                self._is_preformatted = False

    def handle_data(self, data: str) -> None:
        if data.strip() or self._is_open:
            text = escape(data, quote=False)
            self._write(text.replace("\n", "<br>") if self._is_preformatted else text)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def _write(self, piece: str) -> None:
        if not self._is_open:
            self._is_open = True
            self._out += ["<p>", *(opened for _, opened in self._inline)]
        self._out.append(piece)

    def _end_paragraph(self) -> None:
        if not self._is_open:
            return
        while self._out[-1] in {"<br>", " "}:
            self._out.pop()
        self._out += [*(f"</{tag}>" for tag, _ in reversed(self._inline)), "</p>"]
        self._is_open, self._link = False, None

    def _begin_item(self) -> None:
        if self._is_open:
            self._out.append("<br>")
        number = self._lists[-1] if self._lists else None
        self._write("\N{BULLET} " if number is None else f"{number}. ")
        if number is not None:
            self._lists[-1] = number + 1

    def _begin_inline(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        kept = "".join(f' {name}="{escape(value)}"' for name in _ATTRIBUTES if (value := said.get(name)))
        target = ' target="_blank"' if tag == "a" else ""
        opened = f"<{tag}{kept}{target}>"
        self._write(opened)
        self._inline.append((tag, opened))
        if tag == "a" and not said.get("class"):
            self._link = (len(self._out), said.get("href") or "")

    def _end_inline(self, tag: str) -> None:
        if not self._inline or self._inline[-1][0] != tag:
            return
        self._inline.pop()
        if tag == "a" and self._link is not None:
            start, href = self._link
            if "".join(self._out[start:]) == escape(href, quote=False):
                self._out[start:] = [_shortened(href)]
            self._link = None
        if self._is_open:
            self._out.append(f"</{tag}>")


def _start(attrs: list[tuple[str, str | None]]) -> int:
    said = dict(attrs).get("start") or "1"
    return int(said) if said.isdecimal() else 1


def _shortened(url: str) -> str:
    """The address without its scheme, and without its end where it is long; all of it can still be copied."""
    scheme = next((scheme for scheme in _SCHEMES if url.startswith(scheme)), "")
    scheme += "www." if url[len(scheme) :].startswith("www.") else ""
    shown, rest = url[len(scheme) : len(scheme) + _SHOWN], url[len(scheme) + _SHOWN :]
    kind = ' class="ellipsis"' if rest else ""
    begin, middle, end = (escape(part, quote=False) for part in (scheme, shown, rest))
    return f'<span class="invisible">{begin}</span><span{kind}>{middle}</span><span class="invisible">{end}</span>'
