"""A host with nginx in front of all status nodes, as `deploy/nginx` places it."""

import base64
import http.client
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

from hosts.asked import CRL, RelyingParty
from hosts.network import Host
from installed.program import START_SECONDS, until
from pki.ports import SystemClock
from strangers.nginx import nginx_words

PORT = 80
_UNCERTAIN = timedelta(seconds=2)
"""Times in HTTP have whole seconds, and an answer is on its way for a moment."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came by GET: how the cache had it, and of when it is.

    ``asked`` is before the question was sent, so that an answer that was on its way for long does
    not seem old.
    """

    body: bytes
    cache: str
    control: str
    date: datetime
    asked: datetime

    def is_fresh(self, max_age: int) -> bool:
        """Whether a cache might still give it."""
        return self.asked - self.date < timedelta(seconds=max_age) + _UNCERTAIN


@dataclass(frozen=True, kw_only=True)
class Front:
    """Where relying parties ask."""

    host: Host
    asker: RelyingParty

    @property
    def url(self) -> str:
        return f"http://{self.host.address}:{PORT}"

    def posted(self, serial: int) -> str:
        return self.asker.posted(self.url, serial)

    def got(self, serial: int) -> tuple[str, Heard]:
        """What is said by GET to the same question each time."""
        text = base64.b64encode(self.asker.question(serial)).decode()
        heard = self._heard(f"/ocsp/{quote(text, safe='')}")
        return self.asker.read(serial, heard.body), heard

    def crl(self) -> Heard:
        return self._heard(f"/crl/{CRL}")

    def _heard(self, target: str) -> Heard:
        return self.asker.host.do(lambda: _fetched(self.host.address, target))


def _fetched(address: str, target: str) -> Heard:
    asked = SystemClock().now()
    connection = http.client.HTTPConnection(address, PORT, timeout=START_SECONDS)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body, headers = answer.read(), answer.headers
        assert answer.status == http.client.OK, (answer.status, headers.items())
    finally:
        connection.close()
    return Heard(
        body=body,
        cache=headers["X-Cache"],
        control=headers["Cache-Control"],
        date=parsedate_to_datetime(headers["Date"]),
        asked=asked,
    )


@contextmanager
def front(host: Host, folder: Path, nodes: Sequence[str], asker: RelyingParty) -> Iterator[Front]:
    """It passes questions on to these addresses with their ports."""
    folder.mkdir()
    words, log = nginx_words(folder, f"{host.address}:{PORT}", nodes), folder / "error.log"
    with subprocess.Popen(host.words(*words)) as process:
        try:
            until(lambda: host.do(lambda: _listens(host.address)), "nginx listens", log.read_text)
            yield Front(host=host, asker=asker)
        finally:
            process.terminate()


def _listens(address: str) -> bool:
    connection = http.client.HTTPConnection(address, PORT, timeout=START_SECONDS)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return False
    connection.close()
    return True
