"""A forgiving, read-only view of one JSON object.

Other servers send a string where we expect a list, an object where we expect
an id, and null where we expect nothing. Each accessor answers with the one
shape it promises, or with nothing at all. Terms are read literally, whatever
the context says about them, and no context is ever fetched.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.core.json import Json

CONTEXT: Final = "https://www.w3.org/ns/activitystreams"
# ActivityPub 5.6: what a JSON-LD processor would make one of the same.
EVERYBODY: Final = f"{CONTEXT}#Public"
PUBLIC: Final = frozenset({EVERYBODY, "as:Public", "Public"})
MAX_ID: Final = 2048
MAX_TEXT: Final = 256 << 10
MAX_NUMBER: Final = 1 << 53

# Neither spaces nor controls, nor what no address may hold unencoded: whoever stores it compares it letter by letter.
_ADDRESS: Final = re.compile(r"https?://[^\x00-\x20\x7f-\x9f\\<>\"]+", re.IGNORECASE)


class Node:
    __slots__ = ("data",)

    def __init__(self, data: Mapping[str, Json]) -> None:
        self.data = data

    @property
    def type(self) -> str:
        found = self.data.get("type")
        return found if isinstance(found, str) else next(iter(self.types), "")

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self._strings("type"))

    @property
    def is_as2(self) -> bool:
        """Whether the document says that its terms are those of ActivityStreams, as Mastodon wants it said."""
        context = self.data.get("@context")
        return CONTEXT in context if isinstance(context, list) else context == CONTEXT

    def has(self, term: str) -> bool:
        return self.data.get(term) is not None

    def id(self) -> str:
        """The object's own id; raises Invalid unless it is one absolute http or https address of decent length."""
        found = self.data.get("id")
        if isinstance(found, str) and is_address(found):
            return found
        raise Invalid("The id has to be one absolute web address.")

    def ref(self, term: str) -> str | None:
        """The single id a term points at, however it was wrapped."""
        return next(iter(self.refs(term)), None) if term in self.data else None

    def refs(self, term: str, *, most: int = 1000) -> tuple[str, ...]:
        """The ids a term points at, without repeats; Public comes out in its one full spelling."""
        found: dict[str, None] = {}
        for value in self._values(term):
            uri = value if isinstance(value, str) else _id_of(value)
            if not isinstance(uri, str):
                continue
            if uri in PUBLIC:
                found[EVERYBODY] = None
            elif is_address(uri):
                found[uri] = None
            if len(found) == most:
                break
        return tuple(found)

    def text(self, term: str, *, most: int = MAX_TEXT) -> str | None:
        """The first string of a term, else of its language map, cut off after `most` characters."""
        found = self._first(term)
        if found is None:
            found = next((said for said in self.languages(term).values() if said), None)
        return found[:most] if found is not None else None

    def languages(self, term: str) -> Mapping[str, str]:
        """What the language map of a term says (`contentMap` for `content`), by language as written."""
        written = self.data.get(f"{term}Map")
        if not isinstance(written, dict):
            return {}
        return {language: said for language, said in written.items() if isinstance(said, str)}

    def flag(self, term: str) -> bool:
        return self.data.get(term) is True

    def number(self, term: str) -> float | None:
        """A number of ordinary size, also one written as text; schema.org writes sizes so."""
        found = self.data.get(term)
        if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < len(str(MAX_NUMBER)):
            return int(found)
        if isinstance(found, bool) or not isinstance(found, int | float) or not -MAX_NUMBER < found < MAX_NUMBER:
            return None
        return found

    def numbers(self, term: str) -> tuple[float, ...]:
        found = self.data.get(term)
        items = found if isinstance(found, list) else []
        return tuple(item for item in items if isinstance(item, int | float) and not isinstance(item, bool))

    def when(self, term: str) -> datetime | None:
        """A moment in UTC; a time without a zone is taken as UTC."""
        said = self._first(term)
        if said is None:
            return None
        try:
            moment = datetime.fromisoformat(said.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None

    def node(self, term: str) -> "Node | None":
        return next((Node(value) for value in self._values(term) if isinstance(value, dict)), None)

    def nodes(self, term: str, *, most: int = 1000) -> tuple["Node", ...]:
        return tuple(islice((Node(value) for value in self._values(term) if isinstance(value, dict)), most))

    def links(self, term: str, *, most: int = 1000) -> tuple["Node", ...]:
        """What a term points at, in order, each as a Link: an address alone is one that says nothing else."""
        values = islice(self._values(term), most)
        return tuple(Node(value if isinstance(value, dict) else {"href": value}) for value in values)

    def strings(self, term: str, *, most: int = 1000) -> tuple[str, ...]:
        return tuple(islice(self._strings(term), most))

    def _values(self, term: str) -> Iterable[str | dict[str, Json]]:
        # Most terms are missing or hold one value, and a post is asked for fifty of them.
        raw = self.data.get(term)
        if raw is None:
            return ()
        if isinstance(raw, str | dict):
            return (raw,)
        return (value for value in raw if isinstance(value, str | dict)) if isinstance(raw, list) else ()

    def _strings(self, term: str) -> Iterable[str]:
        return (value for value in self._values(term) if isinstance(value, str))

    def _first(self, term: str) -> str | None:
        raw = self.data.get(term)
        if raw is None or isinstance(raw, str):
            return raw
        return next(iter(self._strings(term)), None)


def is_address(text: str) -> bool:
    """Whether `text` could be somebody's id: absolute, http or https, and short enough to keep, in bytes."""
    return len(text) <= MAX_ID and _is_address(text)


# One activity names the same few addresses again and again.
@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    is_short = text.isascii() or len(text.encode(errors="replace")) <= MAX_ID
    return is_short and _ADDRESS.fullmatch(text) is not None


def _id_of(value: dict[str, Json]) -> Json:
    # A Link points with `href` and has no id of its own.
    return value.get("id") or value.get("href")
