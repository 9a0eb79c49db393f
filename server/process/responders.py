"""Where the OCSP responder's short-lived keys and certificates come from."""

import hashlib
from typing import Final

from ca.authority import CertificationAuthority
from ocsp.credential import ResponderCredential
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.events import ResponderCertified
from pki.domain.people import SYSTEM
from pki.keys.algorithms import generate_private_key
from pki.keys.soft import SoftSigner
from pki.ports import Clock
from pki.store.writing import Store, WriteSession
from server.process.keys import bounded
from server.settings import LimitSettings

_MOST_SIGNATURES_WAITING: Final = 1024


class LocalCredentials:
    """Certifies responder keys with the CA of this very process.

    The private key lives in memory only: a restarted node makes a new one. The journal knows the
    certificate before anyone is answered with it.
    """

    def __init__(
        self,
        authority: CertificationAuthority,
        store: Store,
        clock: Clock,
        *,
        key_type: KeyType,
        limits: LimitSettings,
    ) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock
        self._key_type = key_type
        self._limits = limits.model_copy(update={"signing_queue": _MOST_SIGNATURES_WAITING})

    async def renew(self) -> ResponderCredential:
        """A new key pair and its certificate, recorded in the journal."""
        signer = SoftSigner(generate_private_key(self._key_type))
        certificate = await certify_responder(
            self._authority, self._store, signer.public_key, self._clock
        )
        return ResponderCredential.of(bounded(signer, self._limits), certificate)


async def certify_responder(
    authority: CertificationAuthority, store: Store, public_key: bytes, clock: Clock
) -> bytes:
    """Certify a responder's key and record it before the certificate is released."""
    prepared = authority.prepare_responder(public_key, clock.now())
    certificate = await authority.sign(prepared.tbs)
    event = ResponderCertified(
        issuer=authority.issuer,
        serial=read_certificate(certificate).content.serial,
        certificate_sha256=hashlib.sha256(certificate).hexdigest(),
    )

    def work(session: WriteSession) -> None:
        session.record(event, SYSTEM)

    await store.write(work)
    return certificate
