"""The figures in FEDERATION.md, taken from the constants that hold them."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from fedishare.ap import inboxes
from fedishare.as2 import limits, node
from fedishare.core import json
from fedishare.domain import html
from fedishare.inbox import collecting, crawl, memory, profiles, reading, receive, reports, resolve
from fedishare.net import client, messages
from fedishare.outbox import deliver, objects, paces, verdicts
from fedishare.queries import outgoing
from fedishare.services import collected, pins, resources, threads


def size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


def span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and not seconds % length:
            number = int(seconds // length)
            return f"{number} {'day' if (unit, number) == ('days', 1) else unit}"
    return f"{seconds:g} s"


def waits() -> str:
    """The waits before further tries; what repeats at the end is counted."""
    delays = verdicts.DELAYS
    repeated = delays.count(delays[-1])
    return ", ".join([*map(span, delays[:-repeated]), f"{repeated} times {span(delays[-1])}"])


LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "an activity": size(receive.MAX_BODY),
        "time in which it has to arrive": span(inboxes.BODY_SECONDS),
        "depth of JSON": f"{json.MAX_DEPTH}",
        "values in one JSON document": f"{json.MAX_VALUES:,}",
        "an id": f"{node.MAX_ID:,} bytes",
        "a username": f"{profiles.LONGEST_USERNAME:,} characters",
        "`content`": f"{html.MAX_BYTES >> 10} KiB of HTML, {node.MAX_TEXT:,} characters read",
        "title of a post": f"{reading.LONGEST_TITLE} characters",
        "content warning": f"{reading.LONGEST_WARNING} characters",
        "name of an actor": f"{profiles.LONGEST_NAME} characters",
        "`summary` of an actor": f"{limits.MAX_SUMMARY:,} characters",
        "comment of a `Flag`": f"{reports.LONGEST_COMMENT:,} characters",
        'line of an "I used it"': f"{resources.LONGEST_LINE} characters",
        "description of a picture": f"{limits.MAX_ALT:,} characters",
        "`to` and `cc` together": f"{limits.MAX_ADDRESSED:,}",
        "`tag`": f"{limits.MAX_TAGS}",
        "`attachment`": f"{limits.MAX_ATTACHMENTS}",
        "options of a poll": f"{limits.MAX_OPTIONS}",
        "fields of a profile": f"{limits.MAX_FIELDS}, of {limits.MAX_FIELD:,} characters",
        "keys of an actor": f"{limits.MAX_KEYS}",
        "`alsoKnownAs`": f"{limits.MAX_ALIASES}",
        "files of a resource": f"{resources.MOST_FILES}",
        "objects of a `Flag`": f"{limits.MAX_REPORTED}",
        "pins of an actor": f"{pins.MOST}",
        "resources in a collection": f"{collected.MOST}",
        "line about one of them": f"{collected.LONGEST_LINE} characters",
        "earlier versions of a post": f"{threads.MOST_REVISIONS}",
        "a document we fetch": size(client.MAX_DOCUMENT),
        "time for it": span(client.SECONDS),
        "time for a file": span(client.FILE_SECONDS),
        "redirects": f"{client.MAX_REDIRECTS}",
        "fetches for one cause": f"{memory.MOST_FETCHES}",
        "upwards in a thread": f"{resolve.MOST_UPWARDS} posts",
        "posts looked at in one conversation": f"{crawl.MOST_ITEMS:,}",
        "fetches from one server for it": f"{crawl.PER_HOST}",
        "pages of a collection": f"{collecting.MOST_PAGES}",
        "age of a signature": f"{messages.MAX_AGE // timedelta(minutes=1)} min",
        "time of a signature, ahead of ours": f"{messages.MAX_AHEAD // timedelta(minutes=1)} min",
        "look-ups of new keys on one server": f"{memory.KEY_FETCHES} in {span(memory.KEY_SECONDS)}",
        "new accounts of one registered domain": f"{memory.NEWCOMERS} in {span(memory.NEWCOMERS_PER.total_seconds())}",
        "pictures on a post of ours": f"{objects.MOST_ATTACHMENTS}",
        "answers inside a post of ours": f"{outgoing.SHOWN_REPLIES}",
    }
)
DELIVERY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waits before further tries, each a fifth shorter or longer by chance": waits(),
        "given up after": span(deliver.LONGEST / timedelta(seconds=1)),
        "a server that failed is left alone for": f"{span(verdicts.DELAYS[0])} to {span(verdicts.LONGEST_REST)}",
        "a server that has not answered for so long is asked once a day": span(verdicts.DEAD_AFTER.total_seconds()),
        "at once to one server": f"{deliver.PER_HOST}",
        "to one server": f"{paces.BURST:g} at first, then {paces.PER_SECOND:g} a second",
        "at once in all": f"{deliver.IN_FLIGHT}",
    }
)
