"""What other software really sends goes its whole way through the inbox: it is done, or there is a reason why not."""

from collections import Counter

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.engine import Database
from tests.builders import MONDAY
from tests.corpus import documents, needs_corpus
from tests.inbox.whole import take_in


@needs_corpus
async def test_nothing_that_others_send_does_worse_than_a_refusal(db: Database, here: Here) -> None:
    outcomes: Counter[str] = Counter()

    for found in documents():
        try:
            outcome = await db.write(take_in, here, found.body, now=MONDAY)
        except Invalid:
            outcome = "invalid: "
        outcomes[outcome.partition(":")[0]] += 1

    assert set(outcomes) == {"done", "ignored", "refused", "invalid", "not acted on"}
    assert outcomes["done"] > 200
