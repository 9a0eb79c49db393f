"""A defect of ours costs the connection that came upon it, and no other."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping

import pytest

from fakes.listener import FakeHandler, listening
from pki.ports import LiveAnswers, ReadyAnswer


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


class Failing(FakeHandler):
    """`hot` fails for ``/later`` once that was answered once."""

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        if target == b"/later" and any(each.target == target for each in self.asked):
            raise ZeroDivisionError
        return super().hot(method, target, headers, body)


async def said(port: int, octets: bytes) -> bytes:
    """All that is answered on a connection until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer


async def others_are_answered(port: int) -> None:
    assert (
        await said(port, get("/hot").replace(b"x\r\n", b"x\r\nConnection: close\r\n"))
    ).endswith(b"hot")


async def test_behind_another_request() -> None:
    handler = FakeHandler()
    async with listening(handler) as (_, port), asyncio.TaskGroup() as tasks:
        broken = tasks.create_task(said(port, get("/slow") + get("/broken")))
        await handler.reached.wait()
        handler.release.set()
        assert (await broken).endswith(b"GET /slow ")
        await others_are_answered(port)


async def test_at_the_door() -> None:
    handler = Failing()
    async with listening(handler) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/later"))
        assert (await reader.readuntil(b"GET /later ")).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await said(port, get("/later"))
        await others_are_answered(port)


@pytest.mark.parametrize("behaviour", [test_behind_another_request, test_at_the_door])
def test_the_same_on_uvloop(behaviour: Callable[[], Coroutine[None, None, None]]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaviour())
