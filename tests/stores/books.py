"""The store of an installation as an auditor finds it, by reading alone."""

import hashlib
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from cryptography import x509

from installed.practice import Practice
from pki.domain.cards import Active
from pki.domain.identifiers import UziNumber
from pki.domain.journal import RawEntry
from pki.store.reading import ReadSession, ReadStore
from server.commands.journal import verify
from server.settings import load

T = TypeVar("T")


class Ledger:
    """The store as it is found after the crash, by reading alone."""

    def __init__(self, practice: Practice) -> None:
        self._url = load(practice.config).store.url
        self.after = self._read(lambda session: session.head().position)

    def _read(self, query: Callable[[ReadSession], T]) -> T:
        store = ReadStore.open(self._url, threads=1)
        try:
            return store.read_sync(query)
        finally:
            store.close_sync()

    def entries(self) -> list[RawEntry]:
        return self._read(lambda session: list(session.raw_journal()))

    def serials(self, kind: str, *, everything: bool = False) -> list[str]:
        after = 0 if everything else self.after
        return [
            str(entry.payload["serial"])
            for entry in self.entries()
            if entry.kind == kind and entry.position > after
        ]

    def changes(self, card: str, since: int = 0) -> list[str]:
        """What was done to an active card, in order: ``card.blocked`` and so on."""
        kinds = ("card.blocked", "card.unblocked", "card.revoked")
        return [
            entry.kind
            for entry in self.entries()
            if entry.position > since and entry.kind in kinds and entry.payload["card"] == card
        ]

    def crl_numbers(self) -> dict[str, list[int]]:
        """Of each list, in the order of publication."""
        numbers: dict[str, list[int]] = {}
        for entry in self.entries():
            if entry.kind == "crl.published":
                issuer, number = str(entry.payload["issuer"]), entry.payload["number"]
                numbers.setdefault(issuer, []).append(int(number or 0))
        return numbers

    def certificates(self) -> dict[str, bytes]:
        def query(session: ReadSession) -> dict[str, bytes]:
            return {each.serial.hex: each.der for each in session.certificates_after(None, 10_000)}

        return self._read(query)

    def live_serials(self, number: UziNumber) -> list[str]:
        def query(session: ReadSession) -> list[str]:
            cards = [card for card in session.cards_of_person(number) if card.is_live]
            assert all(isinstance(card.phase, Active) for card in cards)
            return [card.serial.hex for card in cards if card.serial is not None]

        return self._read(query)


def check_books(practice: Practice, ledger: Ledger) -> None:
    """Journal and facts agree, over the whole life of the installation; no number came twice."""
    assert verify(practice.config, None).code == 0
    intended = ledger.serials("certificate.intended", everything=True)
    issued = {
        str(entry.payload["serial"]): entry.payload["certificate_sha256"]
        for entry in ledger.entries()
        if entry.kind == "certificate.issued"
    }
    closed = ledger.serials("certificate.intent_closed", everything=True)
    certificates = ledger.certificates()
    assert max(Counter(intended).values(), default=1) == 1
    assert sorted(intended) == sorted([*issued, *closed])
    assert issued == {
        serial: hashlib.sha256(der).hexdigest() for serial, der in certificates.items()
    }
    for serial, der in certificates.items():
        assert x509.load_der_x509_certificate(der).serial_number == int(serial, 16)
    for numbers in ledger.crl_numbers().values():
        assert all(former < later for former, later in pairwise(numbers))
