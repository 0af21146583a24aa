"""What an endpoint is handed: who asks, what they sent, where a page begins; and how it answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from fedishare.api.kept import Kept, Moment
from fedishare.api.params import Params, is_id
from fedishare.core.errors import Invalid, Malformed, NotFound
from fedishare.core.here import Here
from fedishare.domain.permissions import Role
from fedishare.http.assets import Static
from fedishare.settings import Settings

NEWEST: Final = (1 << 63) - 1
CURSORS: Final = frozenset({"max_id", "since_id", "min_id", "limit", "offset", "access_token"})


class Who(msgspec.Struct, frozen=True):
    """Whose token it is and as whom it acts. All is None for a stranger, and most of it for an app by itself.

    `person_id` is the one who allowed the app, `actor_id` as whom it acts: they themselves, or a handle they run.
    """

    token_id: int | None = None
    app_id: int | None = None
    account_id: int | None = None
    person_id: int | None = None
    actor_id: int | None = None
    scopes: frozenset[str] = frozenset()
    role: Role = Role.MEMBER

    @property
    def is_as_handle(self) -> bool:
        return self.actor_id != self.person_id

    def may(self, scope: str) -> bool:
        return scope in self.scopes


STRANGER: Final = Who()


class Page(NamedTuple):
    """Which part of a list is wanted. `after` is where `min_id` begins: its items are the ones next above it."""

    before: int
    since: int
    after: int | None
    limit: int

    @property
    def above(self) -> int:
        """The lower bound, which itself is not in the list."""
        return self.since if self.after is None else self.after

    @property
    def is_upward(self) -> bool:
        """Whether the page is counted from below; it is shown newest first all the same."""
        return self.after is not None


class Answer(msgspec.Struct, frozen=True):
    """What an endpoint answers where its value alone does not say it all."""

    value: object
    status: int = 200
    link: str = ""
    headers: Mapping[str, str] = {}


class Call(msgspec.Struct, frozen=True):
    """One request to the API: `at` is its address without the query, `path` what stands in the braces of its route."""

    params: Params
    at: str
    path: Mapping[str, str]
    here: Here
    settings: Settings
    kept: Kept
    moment: Moment
    address: str
    static: Static
    who: Who = STRANGER

    @property
    def me(self) -> int:
        """As whom the app acts, on endpoints for people. Raises Invalid for an app by itself."""
        if self.who.actor_id is None:
            raise Invalid("This method requires an authenticated user")
        return self.who.actor_id

    @property
    def person(self) -> int:
        """Who allowed the app, whomever it acts as. Raises Invalid for an app by itself."""
        if self.who.person_id is None:
            raise Invalid("This method requires an authenticated user")
        return self.who.person_id

    @property
    def viewer(self) -> int | None:
        """As whom things are looked at; nobody for strangers."""
        return self.who.actor_id

    def id(self, name: str = "id") -> int:
        """The id in the address. Raises NotFound for what cannot be one."""
        text = self.path[name]
        if not (text.isascii() and text.isdecimal() and is_id(text)):
            raise nothing()
        return int(text)

    def page(self, *, usual: int, most: int | None = None) -> Page:
        """Which part of a list is wanted; the most is twice the usual number, unless said otherwise."""
        limit = _number(self.params, "limit")
        if limit is not None and limit < 0:
            raise Malformed("limit cannot be negative.")
        after = _number(self.params, "min_id")
        before, since = _number(self.params, "max_id"), _number(self.params, "since_id")
        return Page(
            before=NEWEST if before is None else before,
            since=0 if since is None else since,
            after=after,
            limit=min(usual if limit is None else limit, most or 2 * usual),
        )

    def offset(self) -> int:
        found = _number(self.params, "offset") or 0
        if found < 0:
            raise Malformed("offset cannot be negative.")
        return found

    def listed(
        self,
        values: Sequence[object],
        *,
        page: Page,
        newest: int | None,
        oldest: int | None,
        is_full: bool | None = None,
    ) -> Answer:
        """A page of a list, with the addresses of its neighbours; `newest` and `oldest` are what it pages by.

        `is_full` says whether there may be more, where that cannot be told by the number of values.
        """
        if newest is None or oldest is None:
            return Answer(values)
        links = [self._link("prev", {"min_id": newest}, page)]
        if page.is_upward or (len(values) >= page.limit if is_full is None else is_full):
            links.insert(0, self._link("next", {"max_id": oldest}, page))
        return Answer(values, link=", ".join(links))

    def _link(self, rel: str, cursor: Mapping[str, int], page: Page) -> str:
        others = [(name, value) for name, value in _flat(self.params) if name not in CURSORS]
        query = urlencode([*others, ("limit", page.limit), *cursor.items()])
        return f'<{self.here.uris.origin}{quote(self.at)}?{query}>; rel="{rel}"'

    def anew(self) -> "Call":
        """The same call within a write, in which nothing that was kept from before may be used."""
        return msgspec.structs.replace(self, moment=Moment(self.moment.now, None))

    @property
    def now(self) -> datetime:
        return self.moment.now


def nothing() -> NotFound:
    """The one answer for what is not there and for what the asker may not see."""
    return NotFound("Record not found")


def stamp(moment: datetime) -> str:
    """A moment as apps read it: UTC, always with three digits for the milliseconds (decision C3)."""
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


def stamp_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def _number(params: Params, name: str) -> int | None:
    try:
        return params.whole(name)
    except Invalid as error:
        raise Malformed(str(error)) from error


def _flat(params: Params) -> list[tuple[str, str]]:
    found = []
    for name in params.names():
        value = params.raw(name)
        if isinstance(value, list):
            found += [(f"{name}[]", str(one)) for one in value if isinstance(one, str | int)]
        elif isinstance(value, str | int):
            found.append((name, str(value)))
    return found
