"""How a server is spoken to: an admin's word, then what it was seen to do, then its software."""

from typing import NamedTuple

import pytest

from fedishare.domain.kinds import Dialect
from fedishare.outbox.dialects import dialect_of


class Known(NamedTuple):
    software: str | None = None
    dialect: Dialect | None = None
    dialect_set: Dialect | None = None


@pytest.mark.parametrize(
    ("node", "dialect"),
    [
        (Known("lemmy"), Dialect.THREADIVERSE),
        (Known("fedishare"), Dialect.THREADIVERSE),
        (Known("FediShare"), Dialect.THREADIVERSE),
        (Known("piefed"), Dialect.THREADIVERSE),
        (Known("mastodon"), Dialect.MICROBLOG),
        (Known("gotosocial"), Dialect.MICROBLOG),
        (Known("somethingnew"), Dialect.BOTH),
        (Known(None), Dialect.BOTH),
        (Known("mastodon", Dialect.THREADIVERSE), Dialect.THREADIVERSE),
        (Known("lemmy", Dialect.THREADIVERSE, Dialect.MICROBLOG), Dialect.MICROBLOG),
        (Known(None, None, Dialect.BOTH), Dialect.BOTH),
    ],
)
def test_the_more_certain_word_wins(node: Known, dialect: Dialect) -> None:
    assert dialect_of(node) is dialect
