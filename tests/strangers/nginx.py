"""A real nginx of our own on loopback, with the configuration that the project ships."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from peers import program
from strangers.ports import free_port

_DEPLOYED: Final = Path(__file__).parents[2] / "deploy/nginx"
SHIPPED: Final = _DEPLOYED / "zorgid-status.conf"
_STREAM: Final = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
include {folder}/site.conf;
"""
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
    return _words(folder, _MAIN, _site(folder, listen, nodes))


def _words(folder: Path, main_text: str, site: str) -> Sequence[str]:
    (folder / "site.conf").write_text(site, "utf-8")
    # Its workers would be another user's, who may not enter a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(main_text.format(folder=folder, user=user), "utf-8")
    nginx, log = str(program("nginx")), str(folder / "error.log")
    return (nginx, "-p", str(folder), "-e", log, "-c", str(main))


def _site(folder: Path, listen: str, nodes: Sequence[str]) -> str:
    return _placed(
        SHIPPED,
        {
            "/var/cache/nginx/zorgid": str(folder / "cache"),
            "/var/log/nginx/zorgid.log": str(folder / "access.log"),
            "server 127.0.0.1:8080;": "".join(f"server {each}; " for each in nodes),
            "listen 80;": f"listen {listen};",
        },
    )


def _placed(shipped: Path, places: Mapping[str, str]) -> str:
    """What is shipped; only its addresses and its folder are ours."""
    text = shipped.read_text("utf-8")
    for theirs, ours in places.items():
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    return text


@asynccontextmanager
async def nginx_before(behind: int, folder: Path) -> AsyncIterator[int]:
    """Nginx in front of a status node that listens on ``behind``; its own port."""
    port = free_port()
    words = nginx_words(folder, f"127.0.0.1:{port}", [f"127.0.0.1:{behind}"])
    async with _running(words, folder, port):
        yield port


@asynccontextmanager
async def nginx_passing_on(nodes: Sequence[int], folder: Path) -> AsyncIterator[int]:
    """Nginx in front of issuing nodes that listen on these ports; its own port."""
    port, node = free_port(), "server 127.0.0.1:8081 max_fails=1 fail_timeout=10s;"
    places = {
        node: "".join(node.replace("8081", str(each)) for each in nodes),
        "listen 443;": f"listen 127.0.0.1:{port};",
        "/var/log/nginx/zorgid-issuing.log": str(folder / "access.log"),
    }
    site = _placed(_DEPLOYED / "zorgid-issuing.conf", places)
    async with _running(_words(folder, _STREAM, site), folder, port):
        yield port


@asynccontextmanager
async def _running(words: Sequence[str], folder: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*words)
    try:
        await _listens(port, process, folder)
        yield
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
