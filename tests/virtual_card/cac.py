"""A UZI pass on libcacard: a card that others wrote, its keys in an NSS database.

The database's password is the PIN. libcacard keeps its state in globals and has threads of its own,
so it runs in a process, which this module is too: ``-m virtual_card.cac PID PORT DATABASE NAME…``
puts the card into the reader at PORT in the network namespace of process PID until standard input
closes.
"""

import ctypes
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from made.uzi import PassPlan, Register, new_key
from virtual_card.link import CardLink

LIBRARY = "libcacard.so.0"
NAMES = MappingProxyType(
    {
        "authenticity": ("digital_signature",),
        "signature": ("content_commitment",),
        "confidentiality": ("key_encipherment", "data_encipherment"),
    }
)


class CacChip:
    """What libcacard emulates, as `virtual_card.link.Chip`; one call at a time."""

    def __init__(self, options: str) -> None:
        self._library = _loaded()
        self._one = threading.Lock()
        if self._library.vcard_emul_init(self._library.vcard_emul_options(options.encode())):
            raise SystemExit("libcacard does not start")
        threading.Thread(target=self._drain, daemon=True).start()
        self._reader = self._with_card()
        self.atr = b""
        self.power_on()

    def power_on(self) -> None:
        answer, size = ctypes.create_string_buffer(64), ctypes.c_int(64)
        with self._one:
            self._library.vreader_power_off(self._reader)
            if self._library.vreader_power_on(self._reader, answer, ctypes.byref(size)) == 0:
                self.atr = answer.raw[: size.value]

    def transmit(self, apdu: bytes) -> bytes:
        answer, size = ctypes.create_string_buffer(65538), ctypes.c_int(65538)
        with self._one:
            failed = self._library.vreader_xfr_bytes(
                self._reader, apdu, len(apdu), answer, ctypes.byref(size)
            )
        return b"\x6f\x00" if failed else answer.raw[: size.value]

    def _drain(self) -> None:
        while event := self._library.vevent_wait_next_vevent():
            self._library.vevent_delete(event)

    def _with_card(self) -> int:
        found = self._library.vreader_get_reader_list()
        entry = self._library.vreader_list_get_first(found)
        while entry:
            reader = int(self._library.vreader_list_get_reader(entry))
            if self._library.vreader_card_is_present(reader) == 0:
                return reader
            entry = self._library.vreader_list_get_next(entry)
        raise SystemExit("libcacard has no card")


def _loaded() -> Any:
    library = ctypes.CDLL(LIBRARY)
    pointer, number = ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
        ("vcard_emul_options", pointer, [ctypes.c_char_p]),
        ("vcard_emul_init", number, [pointer]),
        ("vreader_get_reader_list", pointer, []),
        ("vreader_list_get_first", pointer, [pointer]),
        ("vreader_list_get_next", pointer, [pointer]),
        ("vreader_list_get_reader", pointer, [pointer]),
        ("vreader_card_is_present", number, [pointer]),
        ("vreader_power_on", number, [pointer, pointer, pointer]),
        ("vreader_power_off", number, [pointer]),
        ("vreader_xfr_bytes", number, [pointer, ctypes.c_char_p, number, pointer, pointer]),
        ("vevent_wait_next_vevent", pointer, []),
        ("vevent_delete", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def nss_database(folder: Path, register: Register, pin: str) -> Path:
    """A database with a pass of this register.

    NSS tells certificates by their subject, so the two that do not log in have a name of their own.
    """
    database, secret = folder / "nss", folder / "pin"
    database.mkdir()
    secret.write_text(pin)
    _nss("certutil", "-N", "-d", f"sql:{database}", "-f", str(secret))
    for name, usage in NAMES.items():
        holder = replace(register, pass_key=new_key())
        subject = [(oid, _named(oid, text, name)) for oid, text in PassPlan().subject]
        certificate = holder.issue(PassPlan(key_usage=usage, subject=subject))
        content = pkcs12.serialize_key_and_certificates(
            name.encode(), holder.pass_key, certificate, None, BestAvailableEncryption(b"x")
        )
        bag = folder / f"{name}.p12"
        bag.write_bytes(content)
        _nss("pk12util", "-i", str(bag), "-d", f"sql:{database}", "-k", str(secret), "-W", "x")
    return database


def _named(oid: x509.ObjectIdentifier, text: str, name: str) -> str:
    other = oid == NameOID.COMMON_NAME and name != "authenticity"
    return f"{text} ({name})" if other else text


def _nss(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)


@contextmanager
def cac_in_reader(pid: int, port: int, database: Path) -> Iterator[None]:
    """The card lies in the reader; PKCS#12 files were brought into ``database`` before."""
    words = [sys.executable, "-m", "virtual_card.cac", str(pid), str(port), str(database), *NAMES]
    pipe, tests = subprocess.PIPE, Path(__file__).parents[1]
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, cwd=tests)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"there\n"
        yield
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def main(pid: str, port: str, database: str, *names: str) -> None:
    soft = f"soft=(,Virtual CAC,CAC,,{','.join(names)})"
    chip = CacChip(f'db="sql:{database}" use_hw=no {soft}')
    link = CardLink(chip, pid=int(pid), port=int(port))
    print("there", flush=True)  # noqa: T201 -- whoever started it waits for this
    sys.stdin.read()
    link.pull_out()


if __name__ == "__main__":
    main(*sys.argv[1:])
