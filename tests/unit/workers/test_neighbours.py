"""What waits at others is taken, in turns, until the worker ends."""

import asyncio
import socket

import pytest

from server.status_http import neighbours as neighbours_module
from server.status_http.neighbours import Neighbours
from server.status_listener import bind


async def test_connections_nobody_took_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours_module, "PAUSE_SECONDS", 0.001)
    listening = [bind("127.0.0.1", 0) for _ in range(2)]
    for each in listening:
        each.listen(100)
    waiting = [socket.create_connection(each.getsockname()) for each in listening for _ in range(5)]
    taken: list[socket.socket] = []
    enough, stop = asyncio.Event(), asyncio.Event()

    async def take(accepted: socket.socket) -> None:
        assert not accepted.getblocking()
        taken.append(accepted)
        if len(taken) == len(waiting):
            enough.set()

    neighbours = Neighbours(listening, take)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(neighbours.run(stop))
        await enough.wait()
        stop.set()
    assert neighbours.taken == len(waiting)
    assert {each.getpeername() for each in taken} == {each.getsockname() for each in waiting}
    assert [each.fileno() for each in listening] == [-1, -1]
    for each in (*taken, *waiting):
        each.close()
