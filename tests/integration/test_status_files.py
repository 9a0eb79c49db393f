"""A listener that may open hardly any more files."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
KEPT = b"GET /a/hot HTTP/1.1\r\nHost: x\r\n\r\n"
FEW_FILES = """
import asyncio, pathlib, resource
from fakes.listener import FakeHandler, listening

async def main():
    async with listening(FakeHandler()) as (_, port):
        opened = len(list(pathlib.Path("/proc/self/fd").iterdir())) - 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 3, opened + 3))
        print(port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def short_of_files() -> Iterator[int]:
    """The port of a listener that may open three files more than it has."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    server = subprocess.Popen(
        [sys.executable, "-c", FEW_FILES],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


def test_without_descriptors_who_is_in_goes_on_and_others_wait() -> None:
    with ExitStack() as ending:
        port = ending.enter_context(short_of_files())
        clients = [
            ending.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            for _ in range(6)
        ]
        for each in clients:
            each.sendall(KEPT)
        waiting = set(clients)
        while len(waiting) > 3:
            answered, _, _ = select.select(waiting, [], [], 60)
            assert answered
            assert all(each.recv(1000).endswith(b"hot") for each in answered)
            waiting.difference_update(answered)
        assert select.select(waiting, [], [], 0.2)[0] == []
        (first, *_) = set(clients) - waiting
        first.sendall(KEPT)
        assert first.recv(1000).endswith(b"hot")
        for each in set(clients) - waiting:
            each.close()
        for each in waiting:
            assert each.recv(1000).endswith(b"hot")
