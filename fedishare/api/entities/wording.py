"""What of a post can be looked through for words, as the filters of its readers do."""

from typing import NamedTuple


class Wording(NamedTuple):
    """`text` is everything that is read: the warning, the text, the answers of a poll, the words under pictures."""

    id: int
    author_id: int
    text: str
    language: str | None
