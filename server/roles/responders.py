"""Responder credentials from the CA of this very process."""

from issuance.desk import Desk
from issuance.steps.responders import certify_responder
from ocsp.credential import ResponderCredential
from pki.domain.errors import ConfigurationInvalid, KeyRejected, Refused
from pki.domain.identifiers import IssuerId
from pki.domain.people import SYSTEM
from server.roles.keys import ResponderKeys


class LocalCredentials:
    """A key in memory ends with the process: a restarted one makes a new one."""

    def __init__(self, desk: Desk, issuer: IssuerId, keys: ResponderKeys) -> None:
        """Refuse a key that the CA would not certify, before anything depends on it.

        Raises:
            ConfigurationInvalid: it is weak, of another type, or the CA's own.
        """
        self._desk = desk
        self._issuer = issuer
        self._keys = keys
        if keys.public_key is not None:
            try:
                desk.authorities.of(issuer).prepare_responder(keys.public_key, desk.clock.now())
            except Refused:
                # Its generation is not valid yet, or no more: nothing is certified for now.
                return
            except KeyRejected as error:
                raise ConfigurationInvalid(
                    key="status.responder_key",
                    message=f"setting status.responder_key: {error.message} (rule: {error.rule})",
                    next_step="name a key that a ceremony made for OCSP answers",
                ) from error

    async def renew(self) -> ResponderCredential:
        """A new certificate, recorded in the journal; over a new key pair if none is in a token."""
        signer = await self._keys.next()
        certificate = await certify_responder(self._desk, self._issuer, signer.public_key, SYSTEM)
        return ResponderCredential.of(signer, certificate)
