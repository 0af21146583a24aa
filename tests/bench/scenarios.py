"""What is measured. Each scenario answers with its figures, by name."""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.bench import letters, load
from tests.bench.load import Sent, quantile
from tests.bench.names import HOSTS, number
from tests.bench.servers import Server
from tests.bench.world import Arrival, World

AUTHORS: Final = 20
FOLLOWERS: Final = 1_000
CONNECTIONS: Final = 32
POLL: Final = 0.005
UNREACHABLE: Final = frozenset(range(20, HOSTS, 20))
HANGING: Final = frozenset(range(30, HOSTS, 20))
SLOW: Final = frozenset(range(25, HOSTS, 10))
Figures = dict[str, Any]


class Bench(NamedTuple):
    """One server under load, and the world around it."""

    server: Server
    world: World

    def inbox(self, h: int, u: int, document: dict[str, Any], *, forged: bool = False) -> bytes:
        server = self.server
        return letters.post(self.world.names, h, u, document, path=server.inbox, host=server.host, forged=forged)

    def send(self, requests: list[bytes], *, connections: int = CONNECTIONS, rate: float | None = None) -> Sent:
        return load.send(requests, port=self.server.port, connections=connections, rate=rate)

    def notes(self, count: int, tag: str) -> tuple[list[str], list[bytes]]:
        """So many Creates by the authors whom the teacher follows, and the mark of each."""
        marks = [f"{tag}-{number()}-{place}." for place in range(count)]
        names = self.world.names
        made = (letters.create(names, place % AUTHORS, 0, mark=mark) for place, mark in enumerate(marks))
        return marks, [self.inbox(place % AUTHORS, 0, note) for place, note in enumerate(made)]

    def arriving(self, kind: str, *, count: int, at_most: float) -> list[Arrival]:
        """The first so many activities of a kind that come to the world, or those of `at_most` seconds without any."""
        found: list[Arrival] = []
        last = time.monotonic()
        while len(found) < count and time.monotonic() < last + at_most:
            new = [one for one in self.world.arrivals() if one.type == kind]
            if new:
                found += new
                last = time.monotonic()
            time.sleep(0.02)
        return found


def befriend(bench: Bench) -> Figures:
    """The teacher follows twenty authors on as many hosts."""
    names, server = bench.world.names, bench.server
    for h in range(AUTHORS):
        server.follow(names, h, 0)
    asked = bench.arriving("Follow", count=AUTHORS, at_most=20)
    answers = [letters.accept(names, one.host, 0, asked=one.id, by=server.actor) for one in asked]
    sent = bench.send([bench.inbox(one.host, 0, answer) for one, answer in zip(asked, answers, strict=True)])
    server.until_idle()
    return {"followed": len(asked), "statuses": dict(sent.statuses)}


def follow(bench: Bench) -> Figures:
    """Follows from actors never heard of: each is fetched, kept and accepted."""
    names, server = bench.world.names, bench.server
    bench.world.arrivals()
    who = [(h, u) for u in range(1, FOLLOWERS // HOSTS + 1) for h in range(HOSTS)]
    requests = [bench.inbox(h, u, letters.follow(names, h, u, target=server.actor)) for h, u in who]
    cpu = server.cpu()
    sent = bench.send(requests, connections=16)
    accepts = bench.arriving("Accept", count=len(who), at_most=20)
    server.until_idle()
    spent, took = server.cpu() - cpu, max(one.at for one in accepts) - sent.began
    figures = {"asked": len(who), "accepted": len(accepts), "per_s": round(len(accepts) / took, 1)}
    return figures | {"cpu_ms_each": _each(spent, len(accepts)), "statuses": dict(sent.statuses)}


def ingest(bench: Bench, *, notes: int = 3_000, connections: int = CONNECTIONS) -> Figures:
    """Signed notes from known actors, until the last of them stand in the home timeline."""
    server = bench.server
    marks, requests = bench.notes(notes, "ingest")
    cpu = server.cpu()
    sent = bench.send(requests, connections=connections)
    seen = _until_shown(server, set(marks[-10:]), at_most=60)
    server.until_idle()
    spent = server.cpu() - cpu
    return {
        "notes": notes,
        "accepted_per_s": round(sent.per_second, 1),
        "visible_per_s": round(notes / (max(seen.values()) - sent.began), 1) if seen else None,
        "cpu_ms_each": _each(spent, notes),
        "p50_ms": _ms(quantile(sent.waits, 0.5)),
        "p99_ms": _ms(quantile(sent.waits, 0.99)),
        "statuses": dict(sent.statuses),
        "memory_mb": server.memory(),
    }


def forged(bench: Bench) -> Figures:
    """One note whose signature has one bit flipped."""
    mark = f"forged-{number()}."
    note = letters.create(bench.world.names, 0, 0, mark=mark)
    sent = bench.send([bench.inbox(0, 0, note, forged=True)], connections=1)
    time.sleep(1)
    return {"status": max(sent.statuses), "shown": mark in bench.server.home()}


def latency(bench: Bench, *, notes: int = 100, rate: float = 4.0) -> Figures:
    """From the first byte of the POST to the note standing in the home timeline, at little load."""
    waits = []
    for place in range(notes):
        marks, requests = bench.notes(1, f"latency{place}")
        began = time.monotonic()
        sent = bench.send(requests, connections=1)
        seen = _until_shown(bench.server, set(marks), at_most=10)
        waits.append(seen[marks[0]] - sent.started[0])
        time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
    return {"notes": notes, "p50_ms": _ms(quantile(waits, 0.5)), "p99_ms": _ms(quantile(waits, 0.99))}


def fanout(bench: Bench, *, cold: bool) -> Figures:
    """One public post to followers on two hundred hosts, each with one shared inbox."""
    if cold:
        bench.world.hang_up()
        time.sleep(0.5)
    return _fan_out(bench, healthy=frozenset(range(HOSTS)), at_most=20)


def fanout_bad(bench: Bench) -> Figures:
    """The same while nine hosts cannot be reached, nine never answer and eighteen take two seconds."""
    server, world = bench.server, bench.world
    server.stop()
    world.fall_ill(hanging=HANGING, slow=SLOW, cut_off=True)
    try:
        server.launch()
        time.sleep(2)
        figures = _fan_out(bench, healthy=frozenset(range(HOSTS)) - UNREACHABLE - HANGING, at_most=20)
    finally:
        world.fall_ill(hanging=(), slow=(), cut_off=False)
    return figures


def _fan_out(bench: Bench, *, healthy: frozenset[int], at_most: float) -> Figures:
    server = bench.server
    server.until_idle()
    bench.world.arrivals()
    cpu, began = server.cpu(), time.monotonic()
    server.publish(f"Fan-out {number()}")
    answered = time.monotonic()
    arrived = bench.arriving("Create", count=len(healthy), at_most=at_most)
    server.until_idle(at_most=3)
    arrived += [one for one in bench.world.arrivals() if one.type == "Create"]
    spent = server.cpu() - cpu
    waits = [one.at - began for one in arrived if one.host in healthy]
    quick = [one.at - began for one in arrived if one.host in healthy - SLOW]
    return {
        "hosts": len({one.host for one in arrived}),
        "expected": len(healthy),
        "deliveries": len(arrived),
        "published_ms": _ms(answered - began),
        "first_s": round(min(waits), 3),
        "p90_s": round(quantile(waits, 0.9), 3),
        "last_s": round(max(waits), 3),
        "last_of_the_quick_s": round(max(quick), 3),
        "per_s": round(len(waits) / max(waits), 1),
        # Without the way from the form to the first delivery.
        "per_s_once_begun": round(len(waits) / max(max(waits) - min(waits), 1e-6), 1),
        "cpu_s_per_1000": round(spent / len(arrived) * 1_000, 3),
    }


def fanout_steady(bench: Bench, *, posts: int = 10) -> Figures:
    """Several posts at once to the same hosts, so that the rate does not depend on the length of one burst."""
    server = bench.server
    server.until_idle()
    bench.world.arrivals()
    cpu, began = server.cpu(), time.monotonic()
    for _ in range(posts):
        server.publish(f"Fan-out {number()}")
    arrived = bench.arriving("Create", count=posts * HOSTS, at_most=20)
    server.until_idle(at_most=3)
    spent, took = server.cpu() - cpu, max(one.at for one in arrived) - min(one.at for one in arrived)
    figures = {"deliveries": len(arrived), "expected": posts * HOSTS, "per_s": round(len(arrived) / took, 1)}
    last = max(one.at for one in arrived) - began
    return figures | {"last_s": round(last, 2), "cpu_s_per_1000": round(spent / len(arrived) * 1_000, 3)}


def read(bench: Bench, request: bytes, *, seconds: float = 4.0, connections: int = CONNECTIONS) -> Figures:
    """One document again and again, once it has been asked for a little while."""
    server = bench.server
    load.repeat(request, port=server.port, connections=4, seconds=0.5)
    cpu = server.cpu()
    sent = load.repeat(request, port=server.port, connections=connections, seconds=seconds)
    return _answered(sent, server.cpu() - cpu)


def read_each(bench: Bench, requests: list[bytes]) -> Figures:
    """Each document once, so that none can be ready."""
    cpu = bench.server.cpu()
    sent = bench.send(requests)
    return _answered(sent, bench.server.cpu() - cpu)


def _answered(sent: Sent, spent: float) -> Figures:
    return {
        "per_s": round(sent.per_second, 1),
        "p99_ms": _ms(quantile(sent.waits, 0.99)),
        "cpu_ms_each": _each(spent, len(sent.waits)),
        "bytes": sent.bytes // len(sent.waits),
        "statuses": dict(sent.statuses),
    }


def storm(bench: Bench, *, deletes: int = 5_000) -> Figures:
    """The farewells of actors nobody here has heard of, at five thousand a minute and at once."""
    names, server = bench.world.names, bench.server
    requests = [bench.inbox(place % HOSTS, 9, letters.farewell(names, place % HOSTS, 9)) for place in range(deletes)]
    before, cpu = bench.world.requests(), server.cpu()
    sent = bench.send(requests)
    server.until_idle()
    spent = server.cpu() - cpu
    return {
        "deletes": deletes,
        "per_s": round(sent.per_second, 1),
        "cpu_ms_each": _each(spent, deletes),
        # What share of one core five thousand a minute cost.
        "core_at_5000_a_minute": round(spent / deletes * 5_000 / 60, 3),
        "outgoing_requests": bench.world.requests() - before,
        "statuses": dict(sent.statuses),
    }


def _until_shown(server: Server, marks: set[str], *, at_most: float) -> dict[str, float]:
    """When each mark was first seen in the home timeline."""
    seen: dict[str, float] = {}
    until = time.monotonic() + at_most
    while time.monotonic() < until:
        page = server.home()
        now = time.monotonic()
        seen |= {mark: now for mark in marks - seen.keys() if mark in page}
        # Over many connections the last ones do not arrive in order, and the page ends somewhere.
        if len(seen) >= len(marks) * 0.8:
            return seen
        time.sleep(POLL)
    raise RuntimeError(f"{len(marks) - len(seen)} of {len(marks)} notes did not show within {at_most} s")


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 2)


def _each(seconds: float, count: int) -> float:
    return round(seconds * 1_000 / max(1, count), 3)


Scenario = Callable[[Bench], Figures]
