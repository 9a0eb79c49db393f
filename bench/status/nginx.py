"""nginx with one body that never changes: the limit of this machine's network path."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.status.machine import BOTH_CPUS, SERVER_CPU, environment, pinned, prefer

_CONFIG: Final = """
worker_processes {workers};
{alone}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}{reuse};
    location / {{
      default_type application/ocsp-response;
      return 200 "{body}";
    }}
  }}
}}
"""


@contextmanager
def serving(folder: Path, port: int, *, octets: int, workers: int = 1) -> Iterator[int]:
    """An nginx that answers everything with a body of so many octets; its process id."""
    folder.mkdir(exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            workers=workers,
            alone="master_process off;" if workers == 1 else "",
            reuse=" reuseport" if workers > 1 else "",
            folder=folder,
            port=port,
            body="x" * octets,
        )
    )
    process = subprocess.Popen(
        pinned(
            SERVER_CPU if workers == 1 else BOTH_CPUS,
            "nginx",
            "-p",
            folder,
            "-c",
            config,
            "-e",
            folder / "error.log",
        ),
        env=environment(),
    )
    prefer(process.pid)
    try:
        time.sleep(0.3)
        assert process.poll() is None, "nginx did not start"
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)
