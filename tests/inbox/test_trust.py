"""The house rule of the inbox: only one file vouches for anybody."""

import re
from pathlib import Path

import fedishare.inbox
from fedishare.inbox.dispatch import TABLE

FOLDER = Path(fedishare.inbox.__file__).parent


def test_only_trust_makes_what_dispatch_accepts() -> None:
    makers = {path.name for path in FOLDER.parent.rglob("*.py") if re.search(r"\bVerified\(\w+=", path.read_text())}

    assert makers == {"trust.py"}


def test_every_activity_that_we_promise_has_an_entry() -> None:
    kinds = {kind for kind, _ in TABLE}

    assert kinds == {
        *("Follow", "Accept", "Reject", "Undo", "Block", "Join", "Leave", "Invite"),
        *("Create", "Update", "Delete", "Announce", "Like", "EmojiReact", "Dislike"),
        *("Add", "Remove", "Lock", "Move", "Flag", "QuoteRequest"),
        *("Invite", "Offer"),
    }
