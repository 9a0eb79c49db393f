"""Keys as the configuration names them, each checked against the certificate it belongs to."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from pki.api.fields import from_pem
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.domain.identifiers import IssuerId
from pki.keys.algorithms import PrivateKey, first_that_fits, generate_private_key
from pki.keys.batched import BatchSigner
from pki.keys.checked import CheckedSigner, require_same_key
from pki.keys.pin import Pin, pin_from_credential, pin_from_descriptor, pin_from_file
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pool import PooledSigner
from pki.keys.prompt import SpotCheckedSigner
from pki.keys.soft import SoftSigner
from pki.ports import Signer
from server.files import read_private
from server.setting.keys import (
    CaKeySettings,
    KeySettings,
    Pkcs11Settings,
    ResponderKeySettings,
)
from server.settings import LimitSettings, Settings, StatusSettings

CONCURRENCY: Final = 2
"""RSA signatures release the interpreter, so two at once use two processors."""

RESPONDER_KEY_DEFAULT: Final = KeyType.RSA_2048
"""Every relying party verifies it; some know no ECDSA."""


def read_certificate_file(path: Path) -> bytes:
    """The DER of the one certificate in a PEM file.

    Raises:
        ConfigurationInvalid: it cannot be read or holds something else.
    """
    try:
        return from_pem(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError, Malformed) as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"{path} does not hold one PEM certificate",
            next_step="put the certificate of the key ceremony there",
        ) from error


def read_passphrase(settings: KeySettings) -> bytes:
    """The passphrase of a key file.

    Raises:
        ConfigurationInvalid: its file may be read by others, or cannot be read.
    """
    return read_private(settings.passphrase_file, str(settings.passphrase_file))


def load_signer(
    settings: CaKeySettings,
    certificate: bytes,
    limits: LimitSettings,
    algorithms: Iterable[SignatureAlgorithm] = (),
) -> Signer:
    """The signer of a CA: checked against its certificate, verified after use, bounded.

    It signs with the first of ``algorithms`` that its key can; else with its kind's usual one.

    Raises:
        ConfigurationInvalid: the key file, module, PIN or key cannot be used.
        EnvironmentMissing: the key is in a token, and this machine lacks what speaks to tokens.
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
        KeyMismatch: it is another key than the certificate's.
    """
    usual = _open_key(settings, limits)
    # First whose key it is: that a foreign one cannot sign so would be told otherwise.
    require_same_key(usual, certificate)
    algorithm = first_that_fits(algorithms, certificate)
    same = algorithm is None or algorithm is usual.algorithm
    signer = usual if same else _open_key(settings, limits, algorithm)
    concurrency = CONCURRENCY if settings.pkcs11 is None else limits.signing_queue
    return bounded(signer, limits, concurrency=concurrency)


def _open_key(
    settings: CaKeySettings, limits: LimitSettings, algorithm: SignatureAlgorithm | None = None
) -> Signer:
    if settings.pkcs11 is not None:
        return open_token_key(settings.pkcs11, limits, algorithm)
    if settings.software is not None:
        passphrase = read_passphrase(settings.software)
        return SoftSigner.load(settings.software.file, passphrase, algorithm)
    raise ConfigurationInvalid(key="key", message="no key is named", next_step="name one")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderKeys:
    """Gives the key for the next OCSP responder certificate.

    ``public_key`` is DER where it is always the same one, in a token; None where each is new.
    """

    next: Callable[[], Awaitable[Signer]]
    public_key: bytes | None = None


def responder_keys(settings: ResponderKeySettings, limits: LimitSettings) -> ResponderKeys:
    """Keys as the configuration wants them; one in a token is found now, and was made before.

    Raises:
        ConfigurationInvalid: the module, PIN or key cannot be used.
        EnvironmentMissing: this machine lacks what speaks to tokens.
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
    """
    if settings.pkcs11 is not None:
        held = bounded(
            open_token_key(settings.pkcs11, limits), limits, concurrency=limits.signing_queue
        )

        async def in_token() -> Signer:
            return held

        return ResponderKeys(next=in_token, public_key=held.public_key)
    key_type = RESPONDER_KEY_DEFAULT if settings.type is None else KeyType(settings.type)

    async def in_memory() -> Signer:
        # Finding primes takes a good part of a second, in which answers go on.
        return responder_signer(await asyncio.to_thread(generate_private_key, key_type), limits)

    return ResponderKeys(next=in_memory)


def all_responder_keys(status: StatusSettings, limits: LimitSettings) -> tuple[ResponderKeys, ...]:
    """The usual keys of answers first, then those for clients that prefer another signature.

    Raises:
        ConfigurationInvalid, EnvironmentMissing, SignerUnavailable, SignerBusy: as
            `responder_keys`.
    """
    others = (ResponderKeySettings(type=each) for each in status.more_responder_keys)
    return tuple(responder_keys(each, limits) for each in (status.responder_key, *others))


def responder_keys_of(
    settings: Settings, issuer: IssuerId, usual: tuple[ResponderKeys, ...]
) -> tuple[ResponderKeys, ...]:
    """Of the ``usual`` keys, those for answers about this issuer's certificates.

    About telephones one: the usual where it is in a token, else P-256. The Mobiel CA's own key is
    P-256, so whoever cannot read that could read no answer anyway.
    """
    if issuer.value not in {each.id for each in settings.mobiel_ca}:
        return usual
    if usual[0].public_key is not None:
        return usual[:1]
    return (responder_keys(ResponderKeySettings(type="p-256"), settings.limits),)


def responder_signer(key: PrivateKey, limits: LimitSettings) -> Signer:
    """The signer for answers by a key in memory: at once, or in threads where it takes longer."""
    if isinstance(key, EllipticCurvePrivateKey):
        return SpotCheckedSigner(key)
    return BatchSigner(
        SoftSigner(key),
        threads=min(CONCURRENCY, len(os.sched_getaffinity(0))),
        queue_limit=limits.signing_queue,
        timeout_seconds=limits.signing_seconds,
    )


def bounded(signer: Signer, limits: LimitSettings, *, concurrency: int = CONCURRENCY) -> Signer:
    """A signer that releases only what verifies, within the limits of the configuration.

    A token has a queue of its own, which must not run dry, so all its calls may wait there.
    """
    return PooledSigner(
        CheckedSigner(signer),
        concurrency=concurrency,
        queue_limit=limits.signing_queue,
        timeout_seconds=limits.signing_seconds,
    )


def open_token_key(
    settings: Pkcs11Settings, limits: LimitSettings, algorithm: SignatureAlgorithm | None = None
) -> Pkcs11Signer:
    """Log in at the token and find the key; the PIN is read only if nobody logged in before.

    Raises:
        ConfigurationInvalid: no PKCS#11 module, no PIN or a wrong one, no such key, or several.
        EnvironmentMissing: python-pkcs11 is not installed.
        SignerUnavailable, SignerBusy: the token is gone or does not answer.
    """
    module = loaded_module(settings.module, answer_seconds=limits.signing_seconds)
    module.log_in(settings.token, lambda: read_pin(settings))
    name = KeyName(
        token=settings.token, key_id=bytes.fromhex(settings.key_id), label=settings.label
    )
    return Pkcs11Signer.open(module, name, algorithm)


def read_pin(settings: Pkcs11Settings) -> Pin:
    """The PIN, from where the configuration says it is.

    Raises:
        ConfigurationInvalid: it cannot be had from there.
    """
    if settings.pin_file is not None:
        return pin_from_file(settings.pin_file)
    if settings.pin_credential is not None:
        return pin_from_credential(settings.pin_credential, os.environ)
    if settings.pin_fd is not None:
        return pin_from_descriptor(settings.pin_fd)
    raise AssertionError
