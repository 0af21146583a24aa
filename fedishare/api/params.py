"""What an app sent, read in one way on every endpoint: query, form, multipart and JSON become one tree.

Names nest as `a[b][0][c]`, `a[]` and `a[][k]` (decision C9). What a handler asks for is converted when
it asks, and a value that does not fit raises Invalid with the name of its field.
"""

import re
from collections.abc import Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from fedishare.core import json
from fedishare.core.errors import Invalid, Malformed, TooLarge

MOST_FIELDS: Final = 2_000
DEEPEST: Final = 8
LONGEST_NAME: Final = 200
# All fields of a form together, and the files beside them.
MOST_TEXT: Final = 1 << 20
MOST_FILES: Final = 4
CHUNK: Final = 64 << 10
IN_MEMORY: Final = 1 << 20
TRUE: Final = frozenset({"true", "1", "on", "t", "yes"})
FALSE: Final = frozenset({"false", "0", "off", "f", "no", ""})

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)

Tree: TypeAlias = dict[str, Any]


class Sent(NamedTuple):
    """A file that came along; `body` is closed when the answer is on its way."""

    name: str
    media_type: str
    size: int
    body: IO[bytes]


class Several(list[Any]):
    """Values of one name that was given more than once: the last of them counts where one is asked for."""


class Params:
    """The fields of a request, or of something within one."""

    __slots__ = ("_tree", "files")

    def __init__(self, tree: Mapping[str, Any], files: Mapping[str, Sent] | None = None) -> None:
        self._tree = tree
        self.files = files or {}

    def __contains__(self, name: str) -> bool:
        """Whether the field was sent at all, empty or not."""
        return name in self._tree

    def text(self, name: str, default: str = "") -> str:
        """A text; the default where the field was not sent, or is null."""
        value = _one(self._tree.get(name))
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise Invalid(f"{name} must be a text.")

    def flag(self, name: str) -> bool | None:
        """Whether it is so, in any of the spellings that apps use; None where the field was not sent."""
        value = _one(self._tree.get(name))
        if value is None or isinstance(value, bool):
            return value
        said = str(value).strip().lower()
        if isinstance(value, dict | list) or said not in TRUE | FALSE:
            raise Invalid(f"{name} must be true or false.")
        return said in TRUE

    def whole(self, name: str) -> int | None:
        """A whole number of up to 19 digits; None where the field was not sent, or is empty."""
        value = _one(self._tree.get(name))
        if value is None or value == "":
            return None
        if isinstance(value, bool | dict | list) or not _WHOLE.fullmatch(str(value)):
            raise Invalid(f"{name} must be a whole number.")
        return int(str(value))

    def texts(self, name: str) -> list[str]:
        """A list of texts, however it was written: `a[]=`, `a[0]=`, `a=` once or several times, or JSON."""
        found = []
        for value in _all(self._tree.get(name)):
            if isinstance(value, dict | list) or value is None:
                raise Invalid(f"{name} must be a list of texts.")
            found.append(str(value))
        return found

    def ids(self, name: str) -> list[int]:
        """A list of ids, each once; what cannot be an id is left out, for nothing has it."""
        wanted = (text.strip() for text in self.texts(name))
        return list(dict.fromkeys(int(text) for text in wanted if text.isascii() and text.isdecimal() and is_id(text)))

    def each(self, name: str) -> list["Params"]:
        """A list of things with fields of their own; a map with numbers for names counts as one."""
        found = []
        for value in _all(self._tree.get(name)):
            if not isinstance(value, dict):
                raise Invalid(f"{name} must be a list of objects.")
            found.append(Params(value))
        return found

    def within(self, name: str) -> "Params":
        """A thing with fields of its own; one without any where the field was not sent."""
        value = self._tree.get(name)
        if value is None:
            return Params({})
        if not isinstance(value, dict):
            raise Invalid(f"{name} must be an object.")
        return Params(value)

    def names(self) -> Iterator[str]:
        return iter(self._tree)

    def raw(self, name: str) -> Any:
        """The value as it came, for what has a shape of its own."""
        return self._tree.get(name)


def is_id(text: str) -> bool:
    return len(text) <= 19 and int(text) < 1 << 63  # noqa: PLR2004 -- as many digits as the largest id has


async def read(request: web.Request, *, most_bytes: int = 0) -> Params:
    """Everything that came with the request. Files are kept only up to `most_bytes`, and left out where that is 0.

    Raises Malformed for what cannot be read, TooLarge for what is too much.
    """
    tree: Tree = {}
    fill(tree, parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    files: dict[str, Sent] = {}
    if request.body_exists:
        match request.content_type:
            case "application/json":
                tree |= _from_json(await request.read())
            case "application/x-www-form-urlencoded":
                tree |= _from_form(await request.read())
            case "multipart/form-data":
                fields, files = await _from_parts(request, most_bytes)
                tree |= fields
            case _:
                pass  # A body of a kind that no app sends says nothing.
    return Params(tree, files)


def _from_json(body: bytes) -> Tree:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except Invalid as error:
        raise Malformed(str(error)) from error
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    tree: Tree = {}
    fill(tree, ((name, found) for name, found in value.items() if "[" in name))
    return {name: found for name, found in value.items() if "[" not in name} | tree


def _from_form(body: bytes) -> Tree:
    tree: Tree = {}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Malformed("The form cannot be read.") from error
    fill(tree, pairs)
    return tree


async def _from_parts(request: web.Request, most_bytes: int) -> tuple[Tree, dict[str, Sent]]:
    pairs: list[tuple[str, Any]] = []
    files: dict[str, Sent] = {}
    left = MOST_TEXT
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            is_file = isinstance(part, BodyPartReader) and part.filename is not None
            if (
                not isinstance(part, BodyPartReader)
                or len(pairs) >= MOST_FIELDS
                or (is_file and len(files) >= MOST_FILES)
            ):
                raise Malformed("The form has parts that no app sends.")
            name = part.name or ""
            if is_file:
                files[name] = await _file(part, most_bytes)
            else:
                value = await _bytes(part, left)
                left -= len(value)
                pairs.append((name, value.decode(errors="replace")))
    except (ValueError, AssertionError, HttpProcessingError) as error:
        raise Malformed("The form arrived broken.") from error
    tree: Tree = {}
    fill(tree, pairs)
    return tree, files


async def _bytes(part: BodyPartReader, most: int) -> bytes:
    body = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        body += chunk
        if len(body) > most:
            raise TooLarge("The form is longer than any that is asked for.")
    return bytes(body)


async def _file(part: BodyPartReader, most_bytes: int) -> Sent:
    held: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- whoever gets it reads it after this
    size = 0
    while chunk := await part.read_chunk(CHUNK):
        size += len(chunk)
        if size > most_bytes:
            held.close()
            raise TooLarge("This file is larger than this node takes.")
        held.write(chunk)
    held.seek(0)
    return Sent(part.filename or "", part.headers.get("Content-Type", ""), size, held)


def fill(tree: Tree, pairs: Any) -> None:
    """Put each pair in its place. Raises Malformed for a name that cannot be one, or that is two things at once."""
    for count, (name, value) in enumerate(pairs):
        if count >= MOST_FIELDS:
            raise Malformed("There are more fields than any app sends.")
        if isinstance(value, str) and "\0" in value:
            raise Malformed("A field holds a NUL character.")
        match = _NAME.fullmatch(name) if len(name) <= LONGEST_NAME else None
        parts = _PART.findall(match[2]) if match else []
        if match is None or len(parts) > DEEPEST or "\0" in name:
            raise Malformed("A field has a name that no field can have.")
        _place(tree, match[1], parts, value)


def _place(tree: Tree, key: str, parts: list[str], value: Any) -> None:
    if not parts:
        known = tree.get(key)
        if key not in tree:
            tree[key] = value
        elif isinstance(known, Several):
            known.append(value)
        else:
            tree[key] = Several([known, value])
        return
    head, rest = parts[0], parts[1:]
    if head:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            raise Malformed(f"{key} is given as two different things.")
        _place(inner, head, rest, value)
        return
    items = tree.setdefault(key, [])
    if not isinstance(items, list) or isinstance(items, Several):
        raise Malformed(f"{key} is given as two different things.")
    if not rest:
        items.append(value)
        return
    # `a[][k]` begins another one when it comes to a name that the last one has.
    if not rest[0] or not items or not isinstance(items[-1], dict) or (len(rest) == 1 and rest[0] in items[-1]):
        items.append({})
    _place(items[-1], rest[0] or "0", rest[1:], value)


def _one(value: Any) -> Any:
    return value[-1] if isinstance(value, Several) else value


def _all(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and all(name.isascii() and name.isdecimal() for name in value):
        return [value[name] for name in sorted(value, key=lambda name: (len(name), name))]
    return [value]
