"""Holds a UZI pass and a blank card in two slots of a virtual reader until its input ends.

What the pass is made of lies in the folder that is given; the virtual card and pcscd are those of
the tests. `zorgid demo --readers` starts it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from server.demo.readers.chain import PASS_CERTIFICATE, PASS_KEY, PASS_PIN
from virtual_card.apdu import tlv
from virtual_card.pcscd import Pcscd
from virtual_card.piv import PivCard
from virtual_card.piv_keys import Key

PUK_OF_CARD = "puk-of-the-card"
"""Where a test finds what nobody else may know; of a card that is gone."""


def uzi_pass(folder: Path) -> PivCard:
    """As the demo's register issued it."""
    key = load_pem_private_key((folder / PASS_KEY).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate((folder / PASS_CERTIFICATE).read_bytes())
    card = PivCard(vendor=True)
    card.pin.value = (folder / PASS_PIN).read_bytes().ljust(8, b"\xff")
    card.keys[0x9A] = Key(0x07, key)
    held = tlv(0x70, certificate.public_bytes(Encoding.DER)) + tlv(0x71, b"\0") + tlv(0xFE, b"")
    card.objects["5fc105"] = held
    return card


def main(folder: Path) -> None:
    """Put both in, say where, and wait."""
    # A socket's path is short, wherever the demo's folder is.
    with tempfile.TemporaryDirectory(prefix="zorgid-readers-") as name:
        pcscd = Pcscd(Path(name) / "pcscd", reader="ZORG-ID demo reader")
        os.environ["PCSCLITE_CSOCK_NAME"] = str(pcscd.socket)
        try:
            card = PivCard(vendor=True)
            with pcscd.holding(uzi_pass(folder)), pcscd.holding(card, slot=1):
                where = {"passes": pcscd.slot(0), "cards": pcscd.slot(1)}
                sys.stdout.write(json.dumps({"socket": str(pcscd.socket), **where}) + "\n")
                sys.stdout.flush()
                sys.stdin.read()
            (folder / PUK_OF_CARD).write_bytes(card.puk.value)
        finally:
            pcscd.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
