"""A private network for a load: nothing on it reaches any other machine, and names mean what we say.

Linux only. It takes root, or a system that lets everybody make user namespaces.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

NEW_MOUNTS: Final = 0x0002_0000
NEW_USERS: Final = 0x1000_0000
NEW_NETWORK: Final = 0x4000_0000
BIND: Final = 4096
RECURSIVE: Final = 16384
PRIVATE: Final = 1 << 18
SET_FLAGS: Final = 0x8914
UP: Final = 1

_libc: Final = ctypes.CDLL(None, use_errno=True)


def retire(folder: Path, hosts: Mapping[str, str]) -> None:
    """Move this process, and all that it starts from now on, to a network of its own.

    Only its loopback is there, with the names of `hosts` and their addresses.
    """
    if os.geteuid() == 0:
        _call("unshare", NEW_MOUNTS | NEW_NETWORK)
    else:
        user, group = os.getuid(), os.getgid()
        _call("unshare", NEW_USERS | NEW_MOUNTS | NEW_NETWORK)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    names = folder / "hosts"
    names.write_text("".join(f"{address} {name}\n" for name, address in hosts.items()))
    _call("mount", None, b"/", None, RECURSIVE | PRIVATE, None)
    _call("mount", os.fsencode(names), b"/etc/hosts", None, BIND, None)


def _call(name: str, *arguments: int | bytes | None) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        sys.exit(
            f"make bench needs a private network, which this system does not give: {os.strerror(ctypes.get_errno())}"
        )
