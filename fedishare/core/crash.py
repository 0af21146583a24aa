"""Ends the process at a named point, as a power cut would, so that tests see what it leaves behind.

`FEDISHARE_CRASH_AT=<point>:<n>` means the n-th time that the point is reached (the first, if only
the point is named). Where it is not set, a point is one look into an empty dictionary.
"""

import os
import threading
from typing import Final

from fedishare.core.errors import Invalid

VARIABLE: Final = "FEDISHARE_CRASH_AT"
# What a shell says of a process that was ended by SIGKILL.
STATUS: Final = 137

# Every point there is; each stands at exactly one place of the code.
POINTS: Final = frozenset(
    {
        # An activity comes in.
        "inbox.key-fetched",
        "inbox.verified",
        "inbox.prepared",
        "inbox.signature-used",
        "inbox.sender-heard",
        "inbox.recorded",
        "inbox.put-off",
        "inbox.applied",
        "inbox.settled",
        "inbox.committed",
        # What it does, all in one transaction.
        "arrival.kept",
        "arrival.shown",
        "reaction.counted",
        "follow.recorded",
        "notice.written",
        "tombstone.written",
        # The commit that many share.
        "database.before-commit",
        "database.after-commit",
        # An activity that something had to be fetched for.
        "later.begun",
        "later.fetched",
        "later.applied",
        "later.settled",
        "parent.fetched",
        # Any job.
        "job.enqueued",
        "job.claimed",
        "job.begun",
        "job.done",
        "job.forgotten",
        "job.ticked-off",
        # Something happens here.
        "post.written",
        "post.read",
        "letter.worded",
        "letter.recorded",
        "letter.addressed",
        "letter.committed",
        # It goes out.
        "delivery.chosen",
        "delivery.leased",
        "delivery.in-hand",
        "delivery.begun",
        "delivery.answered",
        "delivery.judged",
        "delivery.removed",
        "delivery.postponed",
        "delivery.parked",
        "delivery.resting",
        "delivery.revived",
        "delivery.settled",
    }
)

_armed: Final[dict[str, int]] = {}
_counting: Final = threading.Lock()


def arm(wanted: str) -> None:
    """Make ready for the point that `wanted` names; nothing for an empty text. Raises Invalid for anything else."""
    if not wanted:
        return
    name, _, times = wanted.partition(":")
    if name not in POINTS or not (times or "1").isdecimal() or int(times or "1") < 1:
        raise Invalid(f"{VARIABLE} must name a point of fedishare/core/crash.py, and perhaps which time: point:1")
    _armed[name] = int(times or "1")


def point(name: str) -> None:
    """The process may end here."""
    if name in _armed:
        _pass(name)


def _pass(name: str) -> None:
    # Points lie on the event loop and in the threads of the database.
    with _counting:
        _armed[name] -= 1
        if not _armed[name]:
            os._exit(STATUS)
