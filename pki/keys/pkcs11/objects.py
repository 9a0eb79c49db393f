"""Key objects in a token: found, listed, made and destroyed, in python-pkcs11's terms."""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pkcs11 import Attribute, Mechanism, MechanismFlag, Object, ObjectClass, PrivateKey, Session
from pkcs11 import KeyType as TokenKeyType
from pkcs11.exceptions import PKCS11Error

from pki.domain.algorithms import KeyType
from pki.keys.algorithms import spki
from pki.keys.pkcs11.ports import Failed, KeyMissing, KeyName, TokenObject

_RSA_BITS: Final = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    bytes.fromhex("06082a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("06052b81040022"): ec.SECP384R1(),
}
"""By CKA_EC_PARAMS: the curve's DER object identifier (RFC 5480 2.1.1.1)."""

_EC_PARAMS: Final = {
    KeyType.P256: bytes.fromhex("06082a8648ce3d030107"),
    KeyType.P384: bytes.fromhex("06052b81040022"),
    KeyType.ED25519: b"\x13\x0cedwards25519",
}
"""Ed25519 as the PrintableString that PKCS#11 3.0 2.3.5 allows and SoftHSM takes."""

_PRIVATE: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
}
_SAFETY: Final = {
    "sensitive": Attribute.SENSITIVE,
    "extractable": Attribute.EXTRACTABLE,
    "always_sensitive": Attribute.ALWAYS_SENSITIVE,
    "never_extractable": Attribute.NEVER_EXTRACTABLE,
    "local": Attribute.LOCAL,
    "sign": Attribute.SIGN,
    "decrypt": Attribute.DECRYPT,
    "unwrap": Attribute.UNWRAP,
    "derive": Attribute.DERIVE,
}


def private_key(session: Session, key: KeyName) -> PrivateKey:
    """The one private key of that name.

    Raises:
        KeyMissing: none, or several.
    """
    found = list(session.get_objects(_template(key, ObjectClass.PRIVATE_KEY)))
    if len(found) != 1:
        raise KeyMissing("there is no such key" if not found else "there are several such keys")
    key_object = found[0]
    if not isinstance(key_object, PrivateKey):
        raise KeyMissing("it is no key")
    return key_object


def public_key(session: Session, key: KeyName) -> bytes:
    """The DER SubjectPublicKeyInfo: of the public object, or of an RSA private one, which holds it.

    Raises:
        KeyMissing: no private key, or nothing in the token tells its public half.
    """
    private = private_key(session, key)
    found = list(session.get_objects(_template(key, ObjectClass.PUBLIC_KEY)))
    holder = found[0] if found else private
    try:
        return _spki(holder, private.key_type)
    except (PKCS11Error, ValueError, KeyError):
        raise KeyMissing("the token tells no public key that can be used beside it") from None


def listed(session: Session) -> tuple[TokenObject, ...]:
    """Every object, in the order of kind, id and label."""
    found = [_described(each) for each in session.get_objects()]
    return tuple(sorted(found, key=lambda each: (each.kind, each.key_id, each.label)))


def generate(session: Session, key: KeyName, key_type: KeyType) -> None:
    """Make a key pair that is stored, sensitive, not extractable, and signs only."""
    options: dict[str, Any] = {
        "id": key.key_id,
        "label": key.label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": _PRIVATE,
    }
    if key_type in _RSA_BITS:
        session.generate_keypair(TokenKeyType.RSA, _RSA_BITS[key_type], **options)
        return
    if key_type not in _EC_PARAMS:
        raise Failed(f"no mechanism for {key_type.value}")
    edwards = key_type is KeyType.ED25519
    kind = TokenKeyType.EC_EDWARDS if edwards else TokenKeyType.EC
    made_by = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN
    curve = session.create_domain_parameters(
        kind, {Attribute.EC_PARAMS: _EC_PARAMS[key_type]}, local=True
    )
    curve.generate_keypair(mechanism=made_by, **options)


def destroy(session: Session, key: KeyName) -> int:
    """Remove the private and the public object of that name."""
    found = [
        each
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
        for each in session.get_objects(_template(key, kind))
    ]
    for each in found:
        each.destroy()
    return len(found)


def _template(key: KeyName, kind: ObjectClass) -> dict[Any, Any]:
    template = {Attribute.CLASS: kind, Attribute.ID: key.key_id}
    if key.label is not None:
        template[Attribute.LABEL] = key.label
    return template


def _spki(holder: Object, kind: TokenKeyType) -> bytes:
    if kind is TokenKeyType.RSA:
        modulus = int.from_bytes(holder[Attribute.MODULUS])
        exponent = int.from_bytes(holder[Attribute.PUBLIC_EXPONENT])
        return spki(rsa.RSAPublicNumbers(exponent, modulus).public_key())
    point = _octets(holder[Attribute.EC_POINT])
    if kind is TokenKeyType.EC_EDWARDS:
        return spki(Ed25519PublicKey.from_public_bytes(point))
    curve = _CURVES[bytes(holder[Attribute.EC_PARAMS])]
    return spki(ec.EllipticCurvePublicKey.from_encoded_point(curve, point))


def _octets(point: bytes) -> bytes:
    """CKA_EC_POINT is a DER OCTET STRING; these points are short enough for one length octet."""
    wrapped = point[:1] == b"\x04" and len(point) > 1 and point[1] == len(point) - 2
    return bytes(point[2:] if wrapped else point)


def _described(each: Object) -> TokenObject:
    kind = _attribute(each, Attribute.CLASS)
    key_type = _attribute(each, Attribute.KEY_TYPE)
    key_id = _attribute(each, Attribute.ID)
    flags = {name: _attribute(each, attribute) for name, attribute in _SAFETY.items()}
    return TokenObject(
        kind=getattr(kind, "name", str(kind)).lower(),
        key_id=key_id if isinstance(key_id, bytes) else b"",
        label=str(_attribute(each, Attribute.LABEL) or ""),
        key_type=getattr(key_type, "name", "").lower(),
        attributes={name: value for name, value in flags.items() if isinstance(value, bool)},
    )


def _attribute(each: Object, attribute: Attribute) -> object:
    """An attribute, or None where this kind of object has none."""
    try:
        return each[attribute]
    except (PKCS11Error, KeyError):
        return None
