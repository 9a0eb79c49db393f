"""The sources of identity that the configuration names."""

from issuance.identity.passes import PassSource
from issuance.identity.ports import IdentitySource
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identity.record import Means
from pki.ports import Entropy
from server.identity.dezi import dezi_trust
from server.roles.issuance_desk import passes_of
from server.settings import Settings


def source_of(settings: Settings, means: Means, entropy: Entropy) -> IdentitySource:
    """The source that vouches for this means of identification.

    Raises:
        ConfigurationInvalid: it is not configured, or cannot be used as it is.
    """
    if means is Means.UZI_PASS:
        if settings.uzi is None:
            raise ConfigurationInvalid(
                key="uzi",
                message="this installation trusts no UZI register",
                next_step="add the section [uzi] to the configuration",
            )
        return PassSource(passes_of(settings.uzi, entropy)[0])
    if settings.dezi is None:
        raise ConfigurationInvalid(
            key="dezi",
            message="this installation reads no statements of Dezi",
            next_step="add the section [dezi] to the configuration (docs/people.md)",
        )
    return dezi_trust(settings.dezi)
