"""Ports for programs that cannot be told to choose one themselves."""

import os
import secrets
import socket

# Below what the kernel gives to connections and to port 0, and below the blocks of installations.
_LOWEST, _HIGHEST = 10_000, 20_000
_WORKERS = 16
_GIVEN: set[int] = set()


def free_port() -> int:
    """One on loopback where nobody listens, which no other test of this run is given."""
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    while True:
        port = _LOWEST + own + _WORKERS * secrets.randbelow((_HIGHEST - _LOWEST) // _WORKERS)
        if port not in _GIVEN and _is_free(port):
            _GIVEN.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
