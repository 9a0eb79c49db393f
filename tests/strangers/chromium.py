"""A real browser, driven through its DevTools protocol as somebody at a keyboard would."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_SECONDS = 60.0
KEYS = {"Enter": ("\r", 13), "Tab": ("\t", 9), "Space": (" ", 32)}


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self.console: list[str] = []

    async def call(self, method: str, **given: Any) -> dict[str, Any]:
        """A command of the protocol; events that come meanwhile are kept where they matter."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": given})
        while True:
            said = json.loads(await self._socket.receive_str(timeout=PATIENCE_SECONDS))
            if said.get("id") == number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            if said.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.console.append(json.dumps(said["params"]))

    async def open(self, address: str) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)

    async def value(self, script: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until this holds in the page, and is painted: keys pressed before are dropped."""
        look = f"""new Promise((there) => {{
            const painted = () => performance.getEntriesByType("paint").length > 0
                ? requestAnimationFrame(() => requestAnimationFrame(() => there(true)))
                : setTimeout(painted, 20);
            const look = () => ({script}) ? painted() : setTimeout(look, 20);
            look();
        }})"""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.call("Runtime.evaluate", expression=look, awaitPromise=True)

    async def text(self) -> str:
        return str(await self.value("document.body.innerText"))

    async def until_title(self, title: str) -> None:
        try:
            await self.until(
                f"document.getElementById('title').textContent === {json.dumps(title)}"
            )
        except TimeoutError:
            raise AssertionError(f"no {title!r}: {await self.text()}") from None

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press a key on what has the focus."""
        text, code = KEYS[key]
        given = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    async def focused(self) -> str:
        """How a screen reader names what has the focus."""
        tree = await self.call("Accessibility.getFullAXTree")
        for node in tree["nodes"]:
            focused = [each for each in node.get("properties", []) if each["name"] == "focused"]
            if focused and focused[0]["value"]["value"] and node["role"]["value"] != "RootWebArea":
                return f"{node['role']['value']}: {node['name']['value']}"
        return ""

    async def picture(self) -> bytes:
        """What is seen, PNG."""
        shot = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def browsing(program: Path, folder: Path) -> AsyncIterator[Page]:
    """A browser with a profile of its own, and its one tab."""
    words = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--no-proxy-server",
        "--window-size=900,760",
        f"--user-data-dir={folder}",
        "--remote-debugging-port=0",
        "about:blank",
    ]
    process = await asyncio.create_subprocess_exec(
        program, *words, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            port = await _debugging_port(process)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as listed:
                pages = [each for each in await listed.json() if each["type"] == "page"]
            async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.communicate()


async def _debugging_port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        found = re.search(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line)
        if found:
            return int(found[1])
    raise AssertionError("the browser ended before it listened")
