"""Structured field dictionaries, as HTTP message signatures use them (RFC 8941).

Dates and display strings, which came with RFC 9651, are not read: no header we look at has one.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from fedishare.core.errors import Invalid


class Token(str):
    """A bare word, to tell it from a quoted string."""

    __slots__ = ()


BareItem: TypeAlias = int | Decimal | str | Token | bytes | bool
Parameters: TypeAlias = Mapping[str, BareItem]
_NONE: Final[Parameters] = MappingProxyType({})


class Item(NamedTuple):
    value: BareItem
    parameters: Parameters = _NONE


class InnerList(NamedTuple):
    items: tuple[Item, ...]
    parameters: Parameters = _NONE


Member: TypeAlias = Item | InnerList

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER: Final = re.compile(r"-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15})(?![0-9.])")
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_SPACES: Final = re.compile(r" *")
_WHITE: Final = re.compile(r"[ \t]*")
_ESCAPED: Final = re.compile(r"\\(.)")


def _number(match: re.Match[str]) -> int | Decimal:
    return Decimal(match[0]) if "." in match[0] else int(match[0])


def _bytes(match: re.Match[str]) -> bytes:
    # RFC 8941 4.2.7: absent padding is no error.
    text = match[1].rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], BareItem]], ...]] = (
    (_STRING, lambda match: _ESCAPED.sub(r"\1", match[1])),
    (_NUMBER, _number),
    (_BYTES, _bytes),
    (_TOKEN, lambda match: Token(match[0])),
    (_BOOLEAN, lambda match: match[1] == "1"),
)


def dictionary(text: str) -> dict[str, Member]:
    """The members of a dictionary field (RFC 8941 4.2.2), in order; of a repeated key the last one.

    Raises Invalid for anything malformed. Several header lines are joined with a comma before.
    """
    return _Reader(text.strip(" ")).dictionary()


def serialise(member: Member) -> str:
    """`member` as text, in the one form that senders and receivers agree on (RFC 8941 4.1)."""
    if isinstance(member, InnerList):
        items = " ".join(map(serialise, member.items))
        return f"({items}){_serialise_parameters(member.parameters)}"
    return _serialise_bare(member.value) + _serialise_parameters(member.parameters)


def _serialise_parameters(parameters: Parameters) -> str:
    return "".join(
        f";{key}" if value is True else f";{key}={_serialise_bare(value)}" for key, value in parameters.items()
    )


def _serialise_bare(value: BareItem) -> str:
    match value:
        case bool():
            return "?1" if value else "?0"
        case int() | Token():
            return str(value)
        case Decimal():
            return _serialise_decimal(value)
        case bytes():
            return f":{b64encode(value).decode()}:"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'


def _serialise_decimal(value: Decimal) -> str:
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


class _Reader:
    """Walks over one header value, from left to right and never back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def dictionary(self) -> dict[str, Member]:
        members: dict[str, Member] = {}
        while self._at < len(self._text):
            key = self._match(_KEY)[0]
            members[key] = self._member() if self._skip("=") else Item(value=True, parameters=self._parameters())
            self._match(_WHITE)
            if self._at == len(self._text):
                break
            self._expect(",")
            self._match(_WHITE)
            if self._at == len(self._text):
                raise _malformed()
        return members

    def _member(self) -> Member:
        return self._inner_list() if self._skip("(") else self._item()

    def _inner_list(self) -> InnerList:
        items: list[Item] = []
        self._match(_SPACES)
        while not self._skip(")"):
            items.append(self._item())
            if not self._text.startswith((" ", ")"), self._at):
                raise _malformed()
            self._match(_SPACES)
        return InnerList(tuple(items), self._parameters())

    def _item(self) -> Item:
        return Item(self._bare(), self._parameters())

    def _parameters(self) -> Parameters:
        parameters: dict[str, BareItem] = {}
        while self._skip(";"):
            self._match(_SPACES)
            key = self._match(_KEY)[0]
            parameters[key] = self._bare() if self._skip("=") else True
        return parameters

    def _bare(self) -> BareItem:
        for pattern, read in _READERS:
            match = pattern.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                try:
                    return read(match)
                except ValueError as error:
                    raise _malformed() from error
        raise _malformed()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _malformed()
        self._at = match.end()
        return match

    def _skip(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _expect(self, character: str) -> None:
        if not self._skip(character):
            raise _malformed()


def _malformed() -> Invalid:
    return Invalid("A structured header is malformed.")
