"""Which of our documents carry a proof, and putting it on (FEP-8b32).

Both the activity and the object inside it are proven, as the FEP shows it: the activity
travels on inside a room's Announce, and the object is what others keep and look up again.
"""

from datetime import datetime
from typing import Final

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.domain.audience import Visibility
from fedishare.net import proofs
from fedishare.queries.parties import Key

# A proof of something private could be shown around against its author's will. What is for a
# room carries one all the same: it reaches the members through the room's server, and they could
# neither believe it nor fetch it otherwise.
PROVEN: Final = frozenset({Visibility.PUBLIC, Visibility.QUIET, Visibility.ROOM})


def proven(document: Document, *, key: Key | None, at: datetime) -> Document:
    """`document` with a proof by `key`, made at `at`; as it was where there is no key of ours."""
    if key is None or key.private is None:
        return document
    return proofs.attach(write.provable(document), key_id=key.key_id, private_pem=key.private, now=at)
