"""The operating system's trust store, as a finding."""

import hashlib
from collections.abc import Iterable

from pki.trust.os_store import OsTrust, operating_system_trusts

ROOTS = [b"one root", b"another"]


def test_a_root_is_found_by_its_digest() -> None:
    finding = operating_system_trusts(hashlib.sha256(b"another").digest(), lambda: ROOTS)
    assert (finding.trust, finding.roots) == (OsTrust.KNOWN, 2)


def test_an_absent_root_is_said_to_be_absent() -> None:
    finding = operating_system_trusts(hashlib.sha256(b"ours").digest(), lambda: ROOTS)
    assert (finding.trust, finding.roots) == (OsTrust.UNKNOWN, 2)
    assert "not among the 2" in finding.reason


def test_a_store_that_cannot_be_read_is_a_finding_too() -> None:
    def unreadable() -> Iterable[bytes]:
        raise PermissionError("/etc/ssl/private")

    finding = operating_system_trusts(b"", unreadable)
    assert finding.trust is OsTrust.UNREADABLE
    assert "PermissionError" in finding.reason
