"""Responders from the Python package index, in a virtual environment that is thrown away.

Both sign each answer with a key that they load for it; neither is ever a part of this project.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.status.asking import exchanged
from bench.status.figures import Pair, figure
from bench.status.installation import Served
from bench.status.load import Aim, Faulty, script, wrk
from bench.status.machine import SERVER_CPU, environment, pinned, prefer

if TYPE_CHECKING:
    from bench.status.suite import Bench

PACKAGES: Final = ("django-ca", "certomancer[web-api]", "gunicorn")
_INSTALL_SECONDS: Final = 300
_START_SECONDS: Final = 30

_DJANGO_SETTINGS: Final = """
SECRET_KEY = "only for a measurement"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "django_object_actions",
    "django_ca",
]
SILENCED_SYSTEM_CHECKS = ["admin.E403", "admin.E408", "admin.E409", "admin.E410"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/store"}}}}
ROOT_URLCONF = "addresses"
CA_DEFAULT_HOSTNAME = "127.0.0.1"
CA_USE_CELERY = False
_FILES = "django.core.files.storage.FileSystemStorage"
STORAGES = {{
    "default": {{"BACKEND": _FILES}},
    "staticfiles": {{"BACKEND": _FILES}},
    "django-ca": {{"BACKEND": _FILES, "OPTIONS": {{"location": "{folder}/files"}}}},
}}
"""
_DJANGO_ADDRESSES: Final = """
from django.urls import include, path

urlpatterns = [path("ca/", include("django_ca.urls"))]
"""
_DJANGO_KEY: Final = """
import django

django.setup()
from django_ca.models import CertificateAuthority

ca = CertificateAuthority.objects.get()
context = {"ca": ca, "backend": ca.key_backend}
ca.generate_ocsp_key(ca.key_backend.use_model.model_validate({}, context=context, strict=True))
"""

_CERTOMANCER: Final = """
external-url-prefix: http://127.0.0.1
keysets:
  bench:
    path-prefix: .
    keys:
      ca: {path: ca.key}
      ocsp: {path: ocsp.key}
      card: {path: card.key}
pki-architectures:
  bench:
    keyset: bench
    entities:
      ca: {common-name: CA}
      ocsp: {common-name: ocsp}
      card: {common-name: card}
    certs:
      ca:
        subject: ca
        issuer: ca
        validity: &long
          valid-from: "2026-01-01T00:00:00+0000"
          valid-to: "2046-01-01T00:00:00+0000"
      card: {subject: card, issuer: ca, validity: *long}
      ocsp:
        subject: ocsp
        issuer: ca
        validity: *long
        extensions:
          - {id: extended_key_usage, value: [ocsp_signing]}
          - {id: ocsp_no_check}
    services:
      ocsp:
        bench: {for-issuer: ca, responder-cert: ocsp, signing-key: ocsp}
"""


def _told(folder: Path) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)}


class Environment:
    """A virtual environment with both, made once."""

    def __init__(self, folder: Path) -> None:
        """Make it.

        Raises:
            Faulty: a package cannot be installed here.
        """
        self.folder = folder / "venv"
        try:
            self.run([sys.executable, "-m", "venv", str(self.folder)], folder)
            self.run([self.program("pip"), "install", "-q", *PACKAGES], folder)
        except subprocess.SubprocessError as error:
            raise Faulty(f"{', '.join(PACKAGES)} cannot be installed: {error}") from error

    def program(self, name: str) -> str:
        """A program in it."""
        return str(self.folder / "bin" / name)

    def run(self, words: Sequence[str], folder: Path) -> str:
        """What a command says; proxies of this machine stay set, for the package index."""
        done = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | _told(folder),
            check=False,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
        if done.returncode:
            raise Faulty(f"{words}: {done.stderr[-600:]}")
        return done.stdout


def _answered(
    process: subprocess.Popen[bytes], port: int, path: str, body: bytes
) -> tuple[int, bytes]:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            return exchanged(port, "POST", path, body)
        except OSError as error:
            if time.monotonic() > until or process.poll() is not None:
                raise Faulty("it did not start") from error
            time.sleep(0.1)


@contextmanager
def _serving(words: Sequence[str], folder: Path, port: int, path: str) -> Iterator[int]:
    """One on the servers' processor, once it has answered what is asked in the folder."""
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            pinned(SERVER_CPU, *words),
            cwd=folder,
            env=environment() | _told(folder),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        body = (folder / "asked.der").read_bytes()
        status, answer = _answered(process, port, path, body)
        if status != HTTPStatus.OK or answer[:1] != b"\x30":
            raise Faulty(f"no answer: {status}")
        prefer(process.pid)
        yield process.pid
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _question(folder: Path, *options: str) -> None:
    words = ("ocsp", *options, "-issuer", "ca.pem", "-cert", "card.pem", "-no_nonce")
    _openssl(folder, *words, "-reqout", "asked.der")


def _openssl(folder: Path, *words: str) -> None:
    done = pinned(SERVER_CPU, "openssl", *words)
    subprocess.run(done, cwd=folder, check=True, capture_output=True)


@contextmanager
def django_ca(venv: Environment, folder: Path, port: int) -> Iterator[tuple[str, int]]:
    """django-ca: SQLite, P-256, gunicorn. It answers SHA-256 CertIDs only."""
    (folder / "settings.py").write_text(_DJANGO_SETTINGS.format(folder=folder))
    (folder / "addresses.py").write_text(_DJANGO_ADDRESSES)
    (folder / "make_key.py").write_text(_DJANGO_KEY)

    def manage(*words: str) -> str:
        return venv.run([venv.program("python"), "-m", "django", *words], folder)

    curve = ("--key-type", "EC", "--elliptic-curve", "secp256r1")
    manage("migrate")
    manage("init_ca", *curve, "--output-format", "none", "bench", "CN=bench")
    serial = manage("list_cas").split()[0]
    venv.run([venv.program("python"), "make_key.py"], folder)
    made = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=card"
    words = (*made.split(), "-keyout", "card.key", "-out", "card.csr")
    _openssl(folder, *words)
    named = ("--subject", "CN=card", "--subject-alternative-name", "DNS:card.test")
    card = manage("sign_cert", "--ca", serial, "--csr", "card.csr", *named)
    (folder / "card.pem").write_text(card[card.index("-----BEGIN") :])
    (folder / "ca.pem").write_text(manage("view_ca", "--output-format", "pem", serial))
    _question(folder, "-sha256")
    application = "django.core.wsgi:get_wsgi_application()"
    serving = (venv.program("gunicorn"), "-b", f"127.0.0.1:{port}", application)
    path = f"/ca/ocsp/{serial.replace(':', '')}/cert/"
    with _serving(serving, folder, port, path) as pid:
        yield path, pid


@contextmanager
def certomancer(venv: Environment, folder: Path, port: int) -> Iterator[tuple[str, int]]:
    """Certomancer's own server, P-256."""
    (folder / "certomancer.yml").write_text(_CERTOMANCER)
    for name in ("ca", "ocsp", "card"):
        words = ("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        _openssl(folder, *words)
    for name in ("ca", "card"):
        summoned = ("summon", "bench", name, f"{name}.pem")
        venv.run([venv.program("certomancer"), *summoned], folder)
    _question(folder)
    path = "/bench/ocsp/bench"
    serving = (venv.program("certomancer"), "animate", "--port", str(port))
    with _serving(serving, folder, port, path) as pid:
        yield path, pid


_PEERS: Final = {"django_ca": django_ca, "certomancer": certomancer}


def from_index(bench: "Bench") -> dict[str, dict[str, object]]:
    """Our kept answers against each of them.

    What cannot be measured is said on standard error, and left out.

    Raises:
        Faulty: neither could be had.
    """
    folder = bench.folder / "index"
    folder.mkdir()
    venv, port, made = Environment(folder), bench.spare_port + 1, {}
    for name, peer in _PEERS.items():
        own = folder / name
        own.mkdir()
        try:
            with peer(venv, own, port) as (path, pid), bench.installation.serving() as served:
                made[name] = _pairs(bench, name, served, (f"http://127.0.0.1:{port}{path}", pid))
        except Faulty as problem:
            bench.say(f"{name} not measured: {problem}")
    if not made:
        raise Faulty(f"none of {', '.join(_PEERS)}")
    return made


def _pairs(bench: "Bench", name: str, served: Served, peer: tuple[str, int]) -> dict[str, object]:
    url, pid = peer
    body = (bench.folder / "index" / name / "asked.der").read_bytes()
    mine = Aim(url=served.url, bodies=bench.installation.requests([0]))
    ours = script(bench.folder, f"{name}-ours", mine)
    theirs = script(bench.folder, name, Aim(url=url, bodies=[body]))
    pairs = []
    for pair in range(bench.plan.pairs):
        done = wrk(served.url, ours, server=served.pid, seconds=bench.plan.seconds / 2)
        other = wrk(url, theirs, server=pid, seconds=bench.plan.seconds)
        pairs.append(Pair(ours=done.cpu_rate, reference=other.cpu_rate))
        bench.told(name, pair, pairs[-1])
    return figure(
        pairs, f"{name}, P-256, signing each answer: requests for each second of processor time"
    )
