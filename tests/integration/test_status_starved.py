"""A flood of questions that must be signed anew keeps nobody from an answer that is kept."""

import asyncio
from pathlib import Path
from typing import Final

from pki.der.ocsp import encode_request
from status_side.bench import cert_id
from status_side.house import CA, GOOD, HELD, Status

CONNECTIONS: Final = 40
EACH: Final = 100
HEAD: Final = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"


def post(nonce: bytes | None = None) -> bytes:
    body = encode_request([cert_id(HELD if nonce else GOOD, ca=CA)], nonce)
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return await reader.readexactly(int(length.split()[1]))


async def test_kept_answers_come_while_thousands_are_signed(tmp_path: Path) -> None:
    status = Status(tmp_path, "ec", quick=True)
    came = 0

    async def flood(number: int) -> None:
        nonlocal came
        reader, writer = await asyncio.open_connection("127.0.0.1", status.port)
        writer.write(b"".join(post(b"%016d" % (number * EACH + at)) for at in range(EACH)))
        for _ in range(EACH):
            await answer(reader)
            came += 1
        writer.close()

    async with status.running(), asyncio.timeout(600):
        reader, writer = await asyncio.open_connection("127.0.0.1", status.port)
        writer.write(post())
        kept = await answer(reader)
        signed = status.bench.responder.statistics.signed
        async with asyncio.TaskGroup() as tasks:
            for number in range(CONNECTIONS):
                tasks.create_task(flood(number))
            while not came:  # noqa: ASYNC110 -- what is waited for is the first turn of the flood
                await asyncio.sleep(0)
            for _ in range(20):
                writer.write(post())
                assert await answer(reader) == kept
            before_the_end = came
        writer.close()
        signed = status.bench.responder.statistics.signed - signed
    assert (came, signed) == (CONNECTIONS * EACH, CONNECTIONS * EACH)
    assert before_the_end < came / 2
