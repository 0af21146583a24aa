"""Which of the viewer's filters a post meets. The one place where posts learn of it."""

from collections.abc import Mapping

from sqlalchemy import Connection

from fedishare.api import filtering
from fedishare.api.calls import Call
from fedishare.api.entities.wording import Wording
from fedishare.core import json


def of(tx: Connection, call: Call, posts: Mapping[int, Wording]) -> dict[int, bytes]:
    """The JSON of `filtered` for those of these posts that meet a filter of the viewer; the others have none.

    Every filter counts, with the contexts it is for: the app knows where it shows the post, and chooses.
    """
    met = filtering.matches(tx, call, posts, lambda key: posts[key].text)
    return {key: json.dumps(results) for key, results in met.items()}
