"""What an identity may be used for here."""

from pki.domain.identity.record import Identity, Means


def makes_card(identity: Identity) -> bool:
    """Whether a card may rest on it: on a UZI pass alone (docs/eligibility.md, rule 3)."""
    return identity.means is Means.UZI_PASS
