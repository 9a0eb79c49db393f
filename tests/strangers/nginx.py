"""A real nginx of our own on loopback, with the configuration that the project ships."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from directories.slapd import free_port
from peers import program

SHIPPED: Final = Path(__file__).parents[2] / "deploy/nginx/zorgid-status.conf"
_MAIN: Final = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def nginx_words(folder: Path, listen: str, nodes: Sequence[str]) -> Sequence[str]:
    """The command of an nginx that keeps all it has in ``folder``; addresses with their ports."""
    (folder / "site.conf").write_text(_site(folder, listen, nodes), "utf-8")
    # Its workers would be another user's, who may not enter a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder, user=user), "utf-8")
    nginx, log = str(program("nginx")), str(folder / "error.log")
    return (nginx, "-p", str(folder), "-e", log, "-c", str(main))


def _site(folder: Path, listen: str, nodes: Sequence[str]) -> str:
    """What is shipped; only its addresses and its folder are ours."""
    text = SHIPPED.read_text("utf-8")
    for shipped, ours in {
        "/var/cache/nginx/zorgid": str(folder / "cache"),
        "/var/log/nginx/zorgid.log": str(folder / "access.log"),
        "server 127.0.0.1:8080;": "".join(f"server {each}; " for each in nodes),
        "listen 80;": f"listen {listen};",
    }.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    return text


@asynccontextmanager
async def nginx_before(behind: int, folder: Path) -> AsyncIterator[int]:
    """Nginx in front of a status node that listens on ``behind``; its own port."""
    port = free_port()
    words = nginx_words(folder, f"127.0.0.1:{port}", [f"127.0.0.1:{behind}"])
    process = await asyncio.create_subprocess_exec(*words)
    try:
        await _listens(port, process, folder)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process, folder: Path) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (folder / "error.log").read_text("utf-8")
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
