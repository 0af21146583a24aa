"""The load: prebuilt requests over a number of connections, as fast as they are answered or at a steady rate."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

PATIENCE: Final = 30.0
RECEIVE: Final = 1 << 18


class Sent(NamedTuple):
    """What came of a load; times are of the monotonic clock, `waits` in seconds in the order of the requests."""

    began: float
    ended: float
    started: list[float]
    waits: list[float]
    statuses: Counter[int]
    bytes: int

    @property
    def per_second(self) -> float:
        return len(self.waits) / (self.ended - self.began)


class _Caller:
    """One connection: it sends a request, reads the whole answer, and takes the next."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = -1
        self.got = b""
        self.wanted = -1
        self.status = 0

    def send(self, request: int, data: bytes) -> None:
        self.request, self.got, self.wanted = request, b"", -1
        self.socket.sendall(data)

    def has_whole_answer(self) -> bool:
        data = self.socket.recv(RECEIVE)
        if not data:
            raise ConnectionError("the node closed the connection")
        self.got = self.got + data if self.got else data
        if self.wanted < 0:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.got[:end].lower()
            at = head.find(b"content-length:")
            self.wanted = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
            self.status = int(self.got[9:12])
        return len(self.got) >= self.wanted


def send(requests: Sequence[bytes], *, port: int, connections: int, rate: float | None = None) -> Sent:
    """Each request once, at most `rate` of them a second."""
    return _drive(
        lambda taken: requests[taken] if taken < len(requests) else None, port=port, connections=connections, rate=rate
    )


def repeat(request: bytes, *, port: int, connections: int, seconds: float) -> Sent:
    """One request again and again for so long."""
    until = time.monotonic() + seconds
    return _drive(lambda _: request if time.monotonic() < until else None, port=port, connections=connections)


def _drive(following: Callable[[int], bytes | None], *, port: int, connections: int, rate: float | None = None) -> Sent:
    started: list[float] = []
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    idle = [_Caller(port) for _ in range(connections)]
    busy = 0
    received = 0
    taken = 0
    is_over = False
    with selectors.DefaultSelector() as selector:
        for caller in idle:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
        began = time.monotonic()
        while True:
            while idle and not is_over and (rate is None or time.monotonic() >= began + taken / rate):
                request = following(taken)
                if request is None:
                    is_over = True
                    break
                started.append(time.monotonic())
                waits.append(0.0)
                idle.pop().send(taken, request)
                taken, busy = taken + 1, busy + 1
            if is_over and not busy:
                break
            pause = PATIENCE if rate is None else max(0.0, min(PATIENCE, began + taken / rate - time.monotonic()))
            events = selector.select(pause if not is_over else PATIENCE)
            if not events and rate is None:
                raise TimeoutError(f"the node has not answered {busy} requests within {PATIENCE:.0f} s")
            for found, _ in events:
                caller = found.data
                if not caller.has_whole_answer():
                    continue
                waits[caller.request] = time.monotonic() - started[caller.request]
                statuses[caller.status] += 1
                received += len(caller.got)
                busy -= 1
                idle.append(caller)
        ended = time.monotonic()
        for found in list(selector.get_map().values()):
            found.data.socket.close()
    return Sent(began, ended, started, waits, statuses, received)


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
