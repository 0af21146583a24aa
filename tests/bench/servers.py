"""What is put under load: a FediShare node as its own process, or the prototype to compare it with."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tests.bench.names import DOMAIN, NODE, Names
from tests.bench.world import World

PASSWORD: Final = "chalk-and-cheese-2026"
ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 60.0


class Server:
    """A process (or several) that listens on `port`. What it says goes to a file in `folder`."""

    host: str
    port: int
    actor: str
    inbox = "/inbox"
    token = "x"

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        folder.mkdir(parents=True, exist_ok=True)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._spent = 0.0

    def _begin(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        with (self.folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command], env=dict(environment), cwd=ROOT, stdout=output, stderr=output
            )
        self._processes.append(process)

    def cpu(self) -> float:
        """Seconds of processor time that all its processes have used so far."""
        # The clock of another process has the number that clock_getcpuclockid(3) would give.
        return self._spent + sum(time.clock_gettime((~pid << 3) | 2) for pid in self._pids())

    def _pids(self) -> list[int]:
        """Its processes, and those that they have started in turn."""
        parents = [one.pid for one in self._processes]
        lists = [Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in parents]
        return parents + [int(pid) for children in lists for pid in children]

    def memory(self) -> float:
        """Megabytes in use (PSS: what is shared with other processes counts in part)."""
        rolls = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._pids()]
        return round(sum(int(re.findall(r"^Pss:\s+(\d+)", roll, re.MULTILINE)[0]) for roll in rolls) / 1024, 1)

    def stop(self) -> None:
        self._spent = self.cpu()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = []

    def until_up(self, began: float) -> float:
        """Seconds from `began` to the first answer to a WebFinger question."""
        while time.monotonic() < began + PATIENCE:
            if any(process.poll() is not None for process in self._processes):
                break
            with suppress(OSError, http.client.HTTPException):
                if self.ask("GET", self.webfinger)[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.005)
        raise RuntimeError(f"it did not come up:\n{(self.folder / 'output.log').read_text()[-2000:]}")

    def until_idle(self, *, at_most: float = PATIENCE) -> None:
        """Come back when it has used next to no processor time for half a second."""
        until = time.monotonic() + at_most
        while time.monotonic() < until:
            before = self.cpu()
            time.sleep(0.5)
            if self.cpu() - before < 0.04:
                return

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, fields: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers={"Host": self.host, **(fields or {})})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.msg
        finally:
            connection.close()

    @property
    def webfinger(self) -> str:
        return f"/.well-known/webfinger?resource=acct:teacher@{self.host}"

    # What a scenario needs of either.

    def install(self) -> None:
        raise NotImplementedError

    def launch(self, *, processes: int = 1) -> float:
        raise NotImplementedError

    def follow(self, names: Names, h: int, u: int) -> None:
        raise NotImplementedError

    def home(self) -> str:
        raise NotImplementedError

    def home_for_apps(self) -> bytes:
        """The newest twenty posts of the home timeline, as apps read them."""
        fields = {"Authorization": f"Bearer {self.token}"}
        status, body, _ = self.ask("GET", "/api/v1/timelines/home?limit=20", fields=fields)
        if status != 200:
            raise RuntimeError(f"the home timeline answered {status}: {body[:500]!r}")
        return body

    def publish(self, text: str) -> str:
        raise NotImplementedError


class FediShare(Server):
    """This project's own node, by its commands and its pages."""

    host = NODE
    actor = f"https://{NODE}/users/teacher"

    def __init__(self, folder: Path, world: World, *, port: int, database: str = "") -> None:
        super().__init__(folder, world)
        self.port = port
        self.cookie = ""
        self._environment = os.environ | {
            "FEDISHARE_URL": f"https://{NODE}",
            "FEDISHARE_LISTEN": f"127.0.0.1:{port}",
            "FEDISHARE_DATA": str(folder / "data"),
            "FEDISHARE_DATABASE": database,
            "FEDISHARE_ALLOW_ADDRESSES": "127.0.0.0/8",
            "FEDISHARE_TRUSTED_PROXIES": "127.0.0.0/8",
            "FEDISHARE_APP_REQUESTS": "0",
            "FEDISHARE_CA_FILE": str(world.ca_file),
            "PYTHONPATH": str(ROOT),
            # As an installation has it: compiled once, and not at each start.
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def install(self) -> None:
        self._run("migrate")
        who = ("--email", "teacher@school.example", "--password", PASSWORD, "--role", "member")
        self._run("account", "add", "teacher", *who)
        self.token = self._run("token", "create", "teacher", "--scopes", "read").strip()
        self.launch()
        self.sign_in()

    def launch(self, *, processes: int = 1) -> float:
        began = time.monotonic()
        environment = self._environment | {"FEDISHARE_PROCESSES": str(processes)}
        self._begin([sys.executable, "-m", "fedishare", "serve"], environment)
        return self.until_up(began)

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-m", "fedishare", *words]
        done = subprocess.run(command, env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"fedishare {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def sign_in(self) -> None:
        status, _, head = self._post("/sign-in", {"login": "teacher", "password": PASSWORD, "next": "/"})
        cookies = [line.partition(";")[0] for line in head.get_all("Set-Cookie", [])]
        if status != 303 or not cookies:
            raise RuntimeError(f"the teacher could not sign in ({status})")
        self.cookie = "; ".join(cookies)

    def follow(self, names: Names, h: int, u: int) -> None:
        handle = names.handle(h, u)
        self.ask("GET", f"/search?q=@{handle}", fields={"Cookie": self.cookie, "Accept": "text/html"})
        actor = re.findall(r'name="actor" value="(\d+)"', self._get(f"/@{handle}"))[0]
        self._post("/follow", {"actor": actor, "next": "/"})

    def home(self) -> str:
        return self._get("/")

    def publish(self, text: str) -> str:
        fields = {"kind": "talk", "text": text, "visibility": "public", "language": "en"}
        status, said, head = self._post("/compose", fields)
        if status != 303:
            raise RuntimeError(f"the post was not published ({status}): {said[:500]!r}")
        return str(head["Location"])

    def _get(self, path: str) -> str:
        status, body, _ = self.ask("GET", path, fields={"Cookie": self.cookie, "Accept": "text/html"})
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return body.decode()

    def _post(self, path: str, form: Mapping[str, str]) -> tuple[int, bytes, http.client.HTTPMessage]:
        fields = {"Cookie": self.cookie, "Origin": f"https://{NODE}", "Accept": "text/html"}
        fields["Content-Type"] = "application/x-www-form-urlencoded"
        return self.ask("POST", path, body=urlencode(form).encode(), fields=fields)


class Prototype(Server):
    """The bare prototype of the reference figures, where its file is at hand: an upper bound, and not a server."""

    host = f"proto.{DOMAIN}"
    actor = f"https://proto.{DOMAIN}/users/teacher"

    def __init__(self, folder: Path, world: World, *, port: int, program: Path) -> None:
        super().__init__(folder, world)
        self.port = port
        self._program = program

    def install(self) -> None:
        names = self.world.names
        world = self.folder / "world"
        if not world.exists():
            world.symlink_to(names.folder)
        (names.folder / "world.json").write_text(json.dumps({"hosts": 200, "actors": 10, "keys": 20}))
        self.launch()

    def launch(self, *, processes: int = 1) -> float:
        began = time.monotonic()
        environment = os.environ | {
            "BENCH_DIR": str(self.folder),
            "PROTO_PORT": str(self.port),
            "PROTO_DB": str(self.folder / "proto.db"),
            "PROTO_DOMAIN": self.host,
            "PROTO_PROCESSES": str(processes),
            "PROTO_SYNCHRONOUS": "FULL",
        }
        self._begin([sys.executable, self._program], environment)
        return self.until_up(began)

    def follow(self, names: Names, h: int, u: int) -> None:
        found = self._api("GET", f"/api/v2/search?q=@{names.handle(h, u)}")
        self._api("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow", b"{}")

    def home(self) -> str:
        return json.dumps(self._api("GET", "/api/v1/timelines/home?limit=20"))

    def publish(self, text: str) -> str:
        return str(self._api("POST", "/api/v1/statuses", json.dumps({"status": text}).encode())["uri"])

    def _api(self, method: str, path: str, body: bytes | None = None) -> Any:
        status, said, _ = self.ask(method, path, body=body, fields={"Authorization": "Bearer x"})
        if status != 200:
            raise RuntimeError(f"the prototype answered {path} with {status}")
        return json.loads(said)
