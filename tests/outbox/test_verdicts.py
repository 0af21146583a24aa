"""What each answer of an inbox means (REL-03, REL-06, M11)."""

import pytest

from fedishare.outbox.deliver import Later, Never, Sent, verdict
from fedishare.outbox.verdicts import DELAYS, is_trouble, rest

DAY = 86_400


@pytest.mark.parametrize(
    ("status", "retry_after", "tries", "expected"),
    [
        pytest.param(200, None, 0, Sent(), id="ok"),
        pytest.param(201, None, 0, Sent(), id="created"),
        pytest.param(202, None, 15, Sent(), id="accepted-at-the-last-try"),
        pytest.param(204, None, 0, Sent(), id="no-content"),
        pytest.param(202, 600, 0, Sent(), id="accepted-with-a-wish"),
        pytest.param(301, None, 0, Later(10, "answered with status 301"), id="moved: inboxes do not move"),
        pytest.param(307, None, 1, Later(60, "answered with status 307"), id="redirected"),
        pytest.param(400, None, 0, Never("answered with status 400", is_refused=True), id="bad-request"),
        pytest.param(401, None, 0, Later(10, "answered with status 401"), id="unauthorised-is-often-temporary"),
        pytest.param(401, None, 4, Later(3600, "answered with status 401"), id="unauthorised-again"),
        pytest.param(403, None, 0, Never("answered with status 403", is_refused=True), id="forbidden"),
        pytest.param(404, None, 0, Never("answered with status 404", is_refused=True), id="no-such-inbox"),
        pytest.param(405, None, 0, Never("answered with status 405", is_refused=True), id="not-an-inbox"),
        pytest.param(406, None, 0, Never("answered with status 406", is_refused=True), id="not-acceptable"),
        pytest.param(408, None, 0, Later(10, "answered with status 408"), id="timeout-over-there"),
        pytest.param(409, None, 0, Never("answered with status 409", is_refused=True), id="conflict"),
        pytest.param(410, None, 0, Never("answered with status 410", is_refused=True), id="gone"),
        pytest.param(410, 60, 0, Never("answered with status 410", is_refused=True), id="gone-whatever-else-it-says"),
        pytest.param(413, None, 0, Never("answered with status 413", is_refused=True), id="too-large"),
        pytest.param(415, None, 0, Never("answered with status 415", is_refused=True), id="unsupported"),
        pytest.param(422, None, 0, Never("answered with status 422", is_refused=True), id="unprocessable"),
        pytest.param(429, None, 0, Later(10, "answered with status 429"), id="too-many"),
        pytest.param(429, 120, 0, Later(120, "answered with status 429"), id="too-many-wait-two-minutes"),
        pytest.param(429, 5, 0, Later(10, "answered with status 429"), id="never-sooner-than-usual"),
        pytest.param(429, 9 * DAY, 0, Later(DAY, "answered with status 429"), id="nobody-is-waited-for-longer"),
        pytest.param(451, None, 0, Never("answered with status 451", is_refused=True), id="legal-reasons"),
        pytest.param(500, None, 0, Later(10, "answered with status 500"), id="broken"),
        pytest.param(500, None, 3, Later(1200, "answered with status 500"), id="still-broken"),
        pytest.param(501, None, 0, Never("answered with status 501", is_refused=True), id="not-implemented"),
        pytest.param(502, None, 7, Later(43_200, "answered with status 502"), id="half-a-day"),
        pytest.param(503, 30, 0, Later(30, "answered with status 503"), id="busy-for-half-a-minute"),
        pytest.param(503, None, 8, Later(DAY, "answered with status 503"), id="daily-from-then-on"),
        pytest.param(503, None, 15, Later(DAY, "answered with status 503"), id="the-last-try-is-to-come"),
        pytest.param(503, None, 16, Never("given up after 17 tries: answered with status 503"), id="given-up"),
        pytest.param(504, None, 2, Later(300, "answered with status 504"), id="gateway"),
        pytest.param(None, None, 0, Later(10, "did not answer"), id="no-answer"),
        pytest.param(None, None, 16, Never("given up after 17 tries: did not answer"), id="never-answered"),
    ],
)
def test_an_answer_decides_what_becomes_of_a_delivery(
    status: int | None, retry_after: int | None, tries: int, expected: Sent | Later | Never
) -> None:
    assert verdict(status, retry_after=retry_after, tries=tries) == expected


def test_the_reason_is_told_in_the_words_of_whoever_tried() -> None:
    assert verdict(None, tries=0, why="oak.test cannot be reached.") == Later(10, "oak.test cannot be reached.")


@pytest.mark.parametrize(("spread", "seconds"), [(0.0, 48), (0.5, 60), (0.999, 71.976)])
def test_chance_moves_a_try_by_a_fifth_at_most(spread: float, seconds: float) -> None:
    judged = verdict(503, tries=1, spread=spread)

    assert isinstance(judged, Later)
    assert judged.seconds == pytest.approx(seconds)


def test_even_the_most_hurried_schedule_lasts_seven_days() -> None:
    shortest = sum(DELAYS) * 0.8

    assert shortest >= 7 * DAY


@pytest.mark.parametrize(("failures", "seconds"), [(1, 10), (2, 20), (3, 40), (8, 1280), (10, 3600), (1000, 3600)])
def test_a_server_rests_longer_each_time_but_never_more_than_an_hour(failures: int, seconds: int) -> None:
    assert rest(failures) == seconds


@pytest.mark.parametrize(
    ("status", "trouble"), [(None, True), (500, True), (503, True), (401, False), (410, False), (429, False)]
)
def test_only_a_server_that_fails_as_a_whole_is_in_trouble(status: int | None, trouble: bool) -> None:
    assert is_trouble(status) is trouble
