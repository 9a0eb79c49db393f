"""What `zorgid doctor` says of the five views."""

from collections.abc import Iterator
from typing import Final

from pki.observe.views.verifier import Verified
from server.commands.findings import Finding, ok, problem, warning

_ABOUT: Final = "views"
_START: Final = "start it with: zorgid serve"


def findings_of(found: Verified) -> Iterator[Finding]:
    """Each view that could not be seen, each disagreement; or that all is alike."""
    for each in found.unseen:
        yield warning(_ABOUT, f"{each.view} cannot be compared: {each.why}", _START)
    for wrong in found.disagreements:
        text = f"{wrong.view} says of {wrong.serial}: {wrong.seen}; the store: {wrong.expected}"
        yield problem(_ABOUT, text, "see the logs of that service; for LDAP: zorgid ldap verify")
    if not found.disagreements and len(found.unseen) < len(found.views):
        yield ok(_ABOUT, f"{found.examined} serials look alike in store, OCSP, CRL and directory")
