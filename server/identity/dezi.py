"""Dezi, as the configuration has it."""

from datetime import timedelta

from pki.trust.dezi.statement import DeziTrust, DeziTrustSettings
from server.setting.identity import DeziSettings


def dezi_trust(dezi: DeziSettings) -> DeziTrust:
    """The section [dezi] with its keys read.

    Raises:
        ConfigurationInvalid: a key cannot be used, or keys and algorithms do not fit.
    """
    return DeziTrust(
        DeziTrustSettings(
            issuer=dezi.issuer,
            keys=tuple(each.read_bytes() for each in dezi.keys),
            algorithms=frozenset(dezi.algorithms),
            json_schema=dezi.json_schema,
            audience=dezi.audience,
            skew=timedelta(seconds=dezi.skew_seconds),
        )
    )
