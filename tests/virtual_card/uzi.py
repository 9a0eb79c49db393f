"""A UZI pass on the virtual PIV card: three certificates with a use each, as the genuine ones."""

from cryptography import x509

from made.uzi import PassPlan, Register, der
from virtual_card.apdu import tlv
from virtual_card.piv import PivCard
from virtual_card.piv_keys import Key

PIN = b"246813"
_RSA_2048 = 0x07
_USES = {
    0x9A: ("5fc105", ("digital_signature",)),
    0x9C: ("5fc10a", ("content_commitment",)),
    0x9D: ("5fc10b", ("key_encipherment", "data_encipherment")),
}


def uzi_pass(register: Register, certificate: x509.Certificate | None = None) -> PivCard:
    """A pass of this register; its three keys are one here, which a genuine pass's are not."""
    card = PivCard(vendor=True)
    card.pin.value = PIN + b"\xff\xff"
    for reference, (name, usage) in _USES.items():
        made = register.issue(PassPlan(key_usage=usage))
        if certificate is not None and reference == 0x9A:
            made = certificate
        card.keys[reference] = Key(_RSA_2048, register.pass_key)
        card.objects[name] = tlv(0x70, der(made)) + tlv(0x71, b"\x00") + tlv(0xFE, b"")
    return card
