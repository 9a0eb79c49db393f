"""The store of an installation as an auditor finds it, by reading alone."""

import hashlib
from collections import Counter
from typing import Any

from cryptography import x509

from pki.domain.cards import Active
from pki.domain.identifiers import UziNumber
from pki.domain.journal import RawEntry
from pki.store.reading import ReadSession, ReadStore
from practice import Practice
from server.commands.journal import verify


class Ledger:
    """The store as it is found after the crash, by reading alone."""

    def __init__(self, practice: Practice) -> None:
        self._url = f"sqlite:///{practice.layout.store}"
        self.after = self._read(lambda session: session.head().position)

    def _read(self, query: Any) -> Any:
        store = ReadStore.open(self._url, threads=1)
        try:
            return store.read_sync(query)
        finally:
            store.close_sync()

    def entries(self) -> list[RawEntry]:
        found: list[RawEntry] = self._read(lambda session: list(session.raw_journal()))
        return found

    def serials(self, kind: str, *, everything: bool = False) -> list[str]:
        after = 0 if everything else self.after
        return [
            str(entry.payload["serial"])
            for entry in self.entries()
            if entry.kind == kind and entry.position > after
        ]

    def certificates(self) -> dict[str, bytes]:
        def query(session: ReadSession) -> dict[str, bytes]:
            return {each.serial.hex: each.der for each in session.certificates_after(None, 10_000)}

        found: dict[str, bytes] = self._read(query)
        return found

    def live_serials(self, number: UziNumber) -> list[str]:
        def query(session: ReadSession) -> list[str]:
            cards = [card for card in session.cards_of_person(number) if card.is_live]
            assert all(isinstance(card.phase, Active) for card in cards)
            return [card.serial.hex for card in cards if card.serial is not None]

        found: list[str] = self._read(query)
        return found


def check_books(practice: Practice, ledger: Ledger) -> None:
    """Journal and facts agree, over the whole life of the installation."""
    assert verify(practice.config, None).code == 0
    intended = ledger.serials("certificate.intended", everything=True)
    issued = {
        str(entry.payload["serial"]): entry.payload["certificate_sha256"]
        for entry in ledger.entries()
        if entry.kind == "certificate.issued"
    }
    closed = ledger.serials("certificate.intent_closed", everything=True)
    certificates = ledger.certificates()
    assert max(Counter(intended).values()) == 1
    assert sorted(intended) == sorted([*issued, *closed])
    assert issued == {
        serial: hashlib.sha256(der).hexdigest() for serial, der in certificates.items()
    }
    for serial, der in certificates.items():
        assert x509.load_der_x509_certificate(der).serial_number == int(serial, 16)
