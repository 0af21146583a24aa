"""`make bench`: one node under load, with what the machine itself can do measured in the same run; prints JSON."""

import argparse
import json
import os
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.bench import island, letters, limits, scenarios, world
from tests.bench.names import make_keys
from tests.bench.scenarios import Bench, Figures
from tests.bench.servers import FediShare, Prototype, Server
from tests.bench.world import World

SETTLE: Final = 2.0
HOME_OF: Final = 20
MADE_ANEW: Final = 6_000
STEPS: Final = ("forged", "latency", "ingest", "follow", "fanout", "fanout_bad", "read", "api", "storm", "size")
OF_THE_PROTOTYPE: Final = ("latency", "ingest", "follow", "fanout", "fanout_bad", "api")


def main() -> None:
    wanted = _arguments()
    with tempfile.TemporaryDirectory(prefix="fedishare-bench-") as name:
        folder = Path(name)
        island.retire(folder, world.hosts(scenarios.UNREACHABLE))
        make_keys(folder)
        around = World(folder)
        try:
            print(json.dumps(_run(wanted, folder, around), indent=1))
        finally:
            around.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"some of: {', '.join(STEPS)}; all without size")
    parser.add_argument(
        "--prototype", type=Path, help="the prototype to run beside it (../shared/bench/micro/proto.py)"
    )
    parser.add_argument("--database", default="", help="a database to use instead of SQLite; it must be empty")
    parser.add_argument("--stored", type=int, default=100_000, help="how many posts `size` ends with")
    parser.add_argument("--runs", type=int, default=1, help="how often latency, ingest and fanout are repeated")
    wanted = parser.parse_args()
    for step in wanted.steps:
        if step not in STEPS:
            parser.error(f"{step} is none of {', '.join(STEPS)}")
    wanted.steps = wanted.steps or [step for step in STEPS if step != "size"]
    return wanted


def _run(wanted: argparse.Namespace, folder: Path, around: World) -> dict[str, Any]:
    results: dict[str, Any] = {"machine": _machine(), "limits": limits.measure(folder)}
    _say("limits", results["limits"])
    if wanted.prototype:
        steps = [step for step in wanted.steps if step in OF_THE_PROTOTYPE]
        prototype = Prototype(folder / "prototype", around, port=_free_port(), program=wanted.prototype)
        results["prototype"] = _drive(prototype, around, steps, wanted)
    node = FediShare(folder / "node", around, port=_free_port(), database=wanted.database)
    results["fedishare"] = _drive(node, around, wanted.steps, wanted)
    return results


def _drive(server: Server, around: World, steps: list[str], wanted: argparse.Namespace) -> dict[str, Any]:
    """Set the server up, take it through its steps, and stop it."""
    bench, figures = Bench(server, around), dict[str, Any]()
    try:
        server.install()
        figures["start"] = _start(server)
        figures["befriend"] = scenarios.befriend(bench)
        _say("start", figures["start"])
        for step in steps:
            runs = wanted.runs if step in {"latency", "ingest"} else 1
            figures[step] = [_ACTS[step](bench, wanted) for _ in range(runs)]
            if runs == 1:
                figures[step] = figures[step][0]
            _say(step, figures[step])
        server.until_idle()
        figures["memory_after_load_mb"] = server.memory()
        _say("memory after load", figures["memory_after_load_mb"])
    finally:
        server.stop()
    return figures


def _start(server: Server) -> Figures:
    """Three cold starts, and the memory of the last one when it has come to rest."""
    taken = []
    for _ in range(3):
        server.stop()
        taken.append(round(server.launch(), 2))
    time.sleep(SETTLE)
    return {"seconds": sorted(taken), "memory_mb": server.memory()}


def _fanout(bench: Bench, _: argparse.Namespace) -> Figures:
    """Once over new connections, thrice over those that are there, and then ten posts at once."""
    cold = scenarios.fanout(bench, cold=True)
    warm = [scenarios.fanout(bench, cold=False) for _ in range(3)]
    return {"cold": cold, "warm": warm, "ten_posts": scenarios.fanout_steady(bench)}


def _read(bench: Bench, _: argparse.Namespace) -> Figures:
    server, names = bench.server, bench.world.names
    assert isinstance(server, FediShare)
    note = urlsplit(server.publish("A note to be read again and again")).path
    time.sleep(SETTLE)
    requests = {
        "webfinger": letters.get(server.webfinger, host=server.host),
        "actor": letters.signed_get(names, 0, 0, "/users/teacher", host=server.host),
        "note": letters.signed_get(names, 0, 0, note, host=server.host),
        "profile_page": letters.get("/@teacher", host=server.host, accept="text/html"),
        "home_page": letters.get("/", host=server.host, accept="text/html", cookie=server.cookie),
    }
    figures: dict[str, Any] = {name: scenarios.read(bench, request) for name, request in requests.items()}
    server.stop()
    server.launch(processes=2)
    server.until_idle()  # The first one answers while the second one still starts.
    figures["webfinger_two_processes"] = scenarios.read(bench, requests["webfinger"], connections=64)
    figures["actor_two_processes"] = scenarios.read(bench, requests["actor"], connections=64)
    server.stop()
    server.launch()
    return figures


def _api(bench: Bench, _: argparse.Namespace) -> Figures:
    """What an app asks for all day. Of the prototype, only the home timeline."""
    server = bench.server
    marks, requests = bench.notes(40, "api")
    bench.send(requests)
    server.until_idle()
    found = json.loads(server.home_for_apps())
    assert len(found) == HOME_OF, f"the home timeline shows {len(found)} posts"
    paths = {"home": f"/api/v1/timelines/home?limit={HOME_OF}"}
    if isinstance(server, FediShare):
        author, status = found[0]["account"]["id"], found[0]["id"]
        paths |= {
            "account": f"/api/v1/accounts/{author}",
            "status": f"/api/v1/statuses/{status}",
            "notifications": "/api/v1/notifications",
            "instance": "/api/v2/instance",
        }
    figures = {}
    for name, path in paths.items():
        asked = letters.get(path, host=server.host, authorization=f"Bearer {server.token}")
        figures[name] = scenarios.read(bench, asked)
    # An answer is kept while nothing changes, for a second at most; here every address is another one.
    ask = partial(letters.get, host=server.host, authorization=f"Bearer {server.token}")
    figures["home_anew"] = scenarios.read_each(bench, [ask(f"{paths['home']}&n={n}") for n in range(MADE_ANEW)])
    return figures | {"posts": len(marks)}


def _size(bench: Bench, wanted: argparse.Namespace) -> Figures:
    """Ingest and the home page with a thousand posts in store, and with as many as were asked for."""
    assert isinstance(bench.server, FediShare)
    home = letters.get("/", host=bench.server.host, accept="text/html", cookie=bench.server.cookie)
    found, stored = {}, 0
    for target in (1_000, wanted.stored):
        while stored < target:
            chunk = min(5_000, target - stored)
            bench.send(bench.notes(chunk, "fill")[1])
            stored += chunk
        bench.server.until_idle()
        found[str(target)] = {"ingest": scenarios.ingest(bench), "home_page": scenarios.read(bench, home)}
    return found


_ACTS: Final[dict[str, Callable[[Bench, argparse.Namespace], Figures]]] = {
    "forged": lambda bench, _: scenarios.forged(bench),
    "latency": lambda bench, _: scenarios.latency(bench),
    "ingest": lambda bench, _: scenarios.ingest(bench),
    "follow": lambda bench, _: scenarios.follow(bench),
    "fanout": _fanout,
    "fanout_bad": lambda bench, _: scenarios.fanout_bad(bench),
    "read": _read,
    "api": _api,
    "storm": lambda bench, _: scenarios.storm(bench),
    "size": _size,
}


def _machine() -> dict[str, Any]:
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    total = next(line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(total) / (1 << 20), 1),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _say(step: str, figures: object) -> None:
    print(f"{step}: {json.dumps(figures)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
