"""Passes for pictures: whose they are, and what is none."""

from collections.abc import Callable

import pytest

from fedishare.domain import passes

TOKEN = 382_835_670_445_461_504


def test_a_pass_names_its_token_to_whoever_knows_the_secret_of_the_picture() -> None:
    made = passes.issue("of the picture", token_id=TOKEN)

    assert made == passes.issue("of the picture", token_id=TOKEN)
    assert passes.holder(made, secret="of the picture") == TOKEN
    assert passes.holder(made, secret="of another") is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda made: made[:0], id="nothing"),
        pytest.param(lambda made: made[:-1], id="cut off"),
        pytest.param(lambda made: f"{made}A", id="longer"),
        pytest.param(lambda made: f"0{made}", id="another spelling of the number"),
        pytest.param(lambda made: made.replace(".", " ."), id="a space"),
        pytest.param(lambda made: f"{TOKEN + 1:x}.{made.partition('.')[2]}", id="another token"),
        pytest.param(lambda made: f"{'f' * 17}.{made.partition('.')[2]}", id="a number beyond all"),
        pytest.param(lambda made: made[:-3] + "\N{LATIN SMALL LETTER E WITH ACUTE}" * 3, id="letters of no pass"),
    ],
)
def test_what_was_changed_is_no_pass(change: Callable[[str], str]) -> None:
    made = passes.issue("of the picture", token_id=TOKEN)

    assert passes.holder(change(made), secret="of the picture") is None
