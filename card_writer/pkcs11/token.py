"""What is done to a token, in python-pkcs11's terms; only the module's own process loads this.

Each call gives a JSON value and octets. There is one session at a time.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, Session, Slot
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import PKCS11Error, TokenNotPresent
from pkcs11.types import PROTECTED_AUTH

from card_writer.pkcs11.init_token import init_token

if TYPE_CHECKING:
    from pkcs11 import _pkcs11

Result = tuple[Any, list[bytes]]
_RSA_BITS: Final = {"rsa-2048": 2048, "rsa-3072": 3072}
_P256: Final = bytes.fromhex("06082a8648ce3d030107")
"""CKA_EC_PARAMS: the curve's DER object identifier (RFC 5480 2.1.1.1)."""
_PRIVATE: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
}
_KINDS: Final = {
    "certificate": ObjectClass.CERTIFICATE,
    "private-key": ObjectClass.PRIVATE_KEY,
    "public-key": ObjectClass.PUBLIC_KEY,
    "note": ObjectClass.DATA,
}


class Token:
    """The tokens of a module, one of which may be open."""

    def __init__(self, library: "_pkcs11.lib", path: str) -> None:
        self._library = library
        self._path = path
        self._session: Session | None = None

    def slots(self) -> Result:
        """The tokens that are in."""
        return [_described(slot) for slot in self._library.get_slots(token_present=True)], []

    def open(self, *pin: bytearray, slot: int, who: str) -> Result:
        """A new session: of ``user`` or ``so``, with a PIN or at the reader's keys; of ``nobody``.

        Sessions of before are ended, and their rights with them.
        """
        self.close()
        secret = pin[0].decode() if pin else PROTECTED_AUTH
        token = self._slot(slot).get_token()
        self._session = token.open(
            rw=not token.flags & TokenFlag.WRITE_PROTECTED,
            user_pin=secret if who == "user" else None,
            so_pin=secret if who == "so" else None,
        )
        return True, []

    def close(self) -> Result:
        """End the session and its rights."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(PKCS11Error):
                session.close()
        return True, []

    def init_token(self, so_pin: bytearray, *, slot: int, label: str) -> Result:
        """Make a token blank, with this label and SO PIN (C_InitToken, which the library lacks)."""
        self.close()
        return init_token(self._path, slot, so_pin, label), []

    def init_pin(self, pin: bytearray) -> Result:
        """Set the user's PIN, as security officer."""
        self._opened.init_pin(pin.decode())
        return True, []

    def set_pin(self, old: bytearray, new: bytearray) -> Result:
        """Replace the PIN of whoever logged in."""
        self._opened.set_pin(old.decode(), new.decode())
        return True, []

    def certificates(self) -> Result:
        """The X.509 certificates: their ids, and DER."""
        found = self._find("certificate")
        return [_id(each) for each in found], [bytes(each[Attribute.VALUE]) for each in found]

    def public_key(self, *, key: str) -> Result:
        """Its type, and modulus and exponent, or point; nothing when there is no such pair."""
        if len(self._find("private-key", key)) != 1:
            return None, []
        for each in self._find("public-key", key):
            if each[Attribute.KEY_TYPE] == KeyType.RSA:
                names = (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
                return "rsa", [bytes(each[name]) for name in names]
            if bytes(each[Attribute.EC_PARAMS]) == _P256:
                return "p-256", [bytes(each[Attribute.EC_POINT])]
        return None, []

    def generate(self, *, key: str, label: str, kind: str) -> Result:
        """Make a key pair that stays in the token and signs."""
        options: dict[str, Any] = {
            "id": bytes.fromhex(key),
            "label": label,
            "store": True,
            "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
            "private_template": _PRIVATE,
        }
        if kind in _RSA_BITS:
            self._opened.generate_keypair(KeyType.RSA, _RSA_BITS[kind], **options)
        else:
            curve = self._opened.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: _P256}, local=True
            )
            curve.generate_keypair(mechanism=Mechanism.EC_KEY_PAIR_GEN, **options)
        return self.public_key(key=key)

    def sign(self, data: bytearray, *, key: str, mechanism: str) -> Result:
        """What the key makes of ``data``; nothing when there is no such key."""
        found = self._find("private-key", key)
        if len(found) != 1:
            return None, []
        return True, [bytes(found[0].sign(bytes(data), mechanism=Mechanism[mechanism]))]

    def put_certificate(self, *fields: bytearray, key: str, label: str) -> Result:
        """Write a certificate: its DER, and in it subject, issuer and serial number."""
        der, subject, issuer, serial = map(bytes, fields)
        self._opened.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: 0,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.ID: bytes.fromhex(key),
                Attribute.LABEL: label,
                Attribute.SUBJECT: subject,
                Attribute.ISSUER: issuer,
                Attribute.SERIAL_NUMBER: serial,
                Attribute.VALUE: der,
            }
        )
        return True, []

    def notes(self, *, label: str) -> Result:
        """What was written under this label, by the application name it was given."""
        found = self._find("note", label=label)
        names = [str(each[Attribute.APPLICATION]) for each in found]
        return names, [bytes(each[Attribute.VALUE]) for each in found]

    def put_note(self, value: bytearray, *, label: str, application: str) -> Result:
        """Write a data object that is read without a PIN, then remove the older ones."""
        older = self._find("note", label=label)
        self._opened.create_object(
            {
                Attribute.CLASS: ObjectClass.DATA,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.LABEL: label,
                Attribute.APPLICATION: application,
                Attribute.VALUE: bytes(value),
            }
        )
        for each in older:
            each.destroy()
        return True, []

    def remove(self, *, kind: str, key: str | None = None) -> Result:
        """Remove objects of a kind; how many."""
        found = self._find(kind, key)
        for each in found:
            each.destroy()
        return len(found), []

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise TokenNotPresent
        return self._session

    def _slot(self, number: int) -> Slot:
        for slot in self._library.get_slots(token_present=True):
            if slot.slot_id == number:
                return slot
        raise TokenNotPresent

    def _find(self, kind: str, key: str | None = None, label: str | None = None) -> list[Any]:
        wanted: dict[Any, Any] = {Attribute.CLASS: _KINDS[kind]}
        if key is not None:
            wanted[Attribute.ID] = bytes.fromhex(key)
        if label is not None:
            wanted[Attribute.LABEL] = label
        return list(self._opened.get_objects(wanted))


def _described(slot: Slot) -> dict[str, Any]:
    token = slot.get_token()
    return {
        "slot": slot.slot_id,
        "reader": slot.slot_description,
        "label": token.label,
        "serial": token.serial.decode("ascii", "replace"),
        "flags": int(token.flags),
    }


def _id(each: Any) -> str:  # noqa: ANN401 -- as `_find` gives it
    return bytes(each[Attribute.ID]).hex()
