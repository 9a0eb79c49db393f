"""The trust store of the computer that runs the tests."""

import hashlib
import ssl

import pytest

from pki.trust.os_store import OsTrust, operating_system_trusts


def test_a_root_that_the_ssl_module_trusts_is_found() -> None:
    context = ssl.create_default_context()
    trusted = context.get_ca_certs(binary_form=True)
    if not trusted:
        pytest.skip("this computer's trust store is empty")
    finding = operating_system_trusts(hashlib.sha256(trusted[0]).digest())
    assert finding.trust is OsTrust.KNOWN
    assert finding.roots > 0


def test_a_root_that_nobody_made_is_not() -> None:
    assert operating_system_trusts(bytes(32)).trust is OsTrust.UNKNOWN
