"""What key ceremonies do in a token: look, make a key pair, destroy one. No server loads this."""

from typing import Final

from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, Conflict, IntegrityBroken, NotFound
from pki.keys.pkcs11.module import Pkcs11Module, find_key
from pki.keys.pkcs11.ports import KeyName, TokenObject
from pki.keys.pkcs11.wire import Destroy, Generate, List

GENERATION_SECONDS: Final = 300.0
"""An RSA-4096 pair takes seconds in software and may take minutes in a small token."""

_MUST: Final = {"sensitive": True, "extractable": False, "sign": True, "decrypt": False}


def inventory(module: Pkcs11Module, token: str) -> tuple[TokenObject, ...]:
    """Everything in the token, in a fixed order.

    Raises:
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
    """
    return tuple(module.call(List(token=token)))


def generate(module: Pkcs11Module, key: KeyName, key_type: KeyType) -> bytes:
    """Make a key pair that cannot leave the token; its public key, DER SubjectPublicKeyInfo.

    Raises:
        Conflict: the token holds an object with this id or this label.
        IntegrityBroken: the token made a key with other properties; it was destroyed.
        ConfigurationInvalid: the token cannot make such a key, or is full.
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
    """
    if key.label is None:
        raise ValueError("a ceremony gives its key a label")
    for each in inventory(module, key.token):
        if each.key_id == key.key_id or each.label == key.label:
            raise Conflict(
                message=f"token {key.token} already holds {each.kind} {each.label!r}"
                f" with id {each.key_id.hex()}",
                next_step="choose another id and label; a key is never replaced",
            )
    failed = module.call(Generate(key=key, key_type=key_type), seconds=GENERATION_SECONDS)
    if failed:
        raise ConfigurationInvalid(
            key="key_id",
            message=f"token {key.token} made no {key_type.value} key: {failed}",
            next_step="look at its free memory and its mechanisms, then at its inventory",
        )
    _examine(module, key)
    return find_key(module, key).public_key


def destroy(module: Pkcs11Module, key: KeyName) -> None:
    """Destroy a key pair for good.

    Raises:
        NotFound: the token holds no such key.
        IntegrityBroken: it is still there.
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
    """
    if not module.call(Destroy(key=key)):
        raise NotFound(
            what="key", message=f"there is no key {key}", next_step="look into the token"
        )
    if _objects(module, key):
        raise IntegrityBroken(
            message=f"key {key} is still in its token", next_step="stop and examine the token"
        )


def unsafe(each: TokenObject) -> tuple[str, ...]:
    """The properties of a private key that are otherwise than a ceremony makes them."""
    return tuple(name for name, value in _MUST.items() if each.attributes.get(name) != value)


def _examine(module: Pkcs11Module, key: KeyName) -> None:
    private = [each for each in _objects(module, key) if each.kind == "private_key"]
    if len(private) == 1 and not unsafe(private[0]):
        return
    module.call(Destroy(key=key))
    raise IntegrityBroken(
        message=f"the token made key {key} with other properties than asked; it was destroyed",
        next_step="do not use this token for CA keys",
    )


def _objects(module: Pkcs11Module, key: KeyName) -> list[TokenObject]:
    return [each for each in inventory(module, key.token) if each.key_id == key.key_id]
