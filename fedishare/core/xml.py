"""Writes XML: every text is escaped, and what XML 1.0 cannot hold is left out."""

import re
from html import escape
from typing import Final

HEADER: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
# XML 1.0, 2.2: whatever is no character there cannot be written at all, not even escaped.
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Xml(str):
    """What is XML already, and is not escaped again."""

    __slots__ = ()


def text(value: str) -> Xml:
    return value if isinstance(value, Xml) else Xml(escape(_UNFIT.sub("", value), quote=False))


def element(name: str, /, *inside: str, **attributes: str) -> Xml:
    """An element; what is inside and no Xml is text. `xml_lang` stands for the attribute `xml:lang`."""
    said = "".join(f' {key.replace("_", ":", 1)}="{_attribute(value)}"' for key, value in attributes.items())
    body = "".join(text(part) for part in inside)
    return Xml(f"<{name}{said}>{body}</{name}>" if body else f"<{name}{said}/>")


def document(root: Xml) -> bytes:
    return f"{HEADER}{root}\n".encode()


def _attribute(value: str) -> str:
    # A reader of XML makes spaces of the white space in an attribute, unless it is written as a number.
    said = escape(_UNFIT.sub("", value))
    return said.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
