"""Responder credentials from the CA of this very process."""

from issuance.desk import Desk
from issuance.steps.responders import certify_responder
from ocsp.credential import ResponderCredential
from pki.domain.algorithms import KeyType
from pki.domain.people import SYSTEM
from pki.keys.algorithms import generate_private_key
from pki.keys.soft import SoftSigner
from server.roles.keys import bounded
from server.settings import LimitSettings


class LocalCredentials:
    """The private key lives in memory only: a restarted process makes a new one."""

    def __init__(self, desk: Desk, *, key_type: KeyType, limits: LimitSettings) -> None:
        self._desk = desk
        self._key_type = key_type
        self._limits = limits

    async def renew(self) -> ResponderCredential:
        """A new key pair and its certificate, recorded in the journal."""
        signer = SoftSigner(generate_private_key(self._key_type))
        certificate = await certify_responder(self._desk, signer.public_key, SYSTEM)
        return ResponderCredential.of(bounded(signer, self._limits), certificate)
