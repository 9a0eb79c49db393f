"""An older copy of the SQLite store in its place is believed by nobody, until it is confirmed."""

import json
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from installed.practice import Practice, employee
from installed.program import fetched, until
from installed.sound import Change, Requests, check_sound
from pki.api.errors import ServiceUnavailable

pytestmark = [pytest.mark.openssl, pytest.mark.slow]


async def test_an_older_file_in_place_of_the_store_is_noticed(
    practice: Practice, tmp_path: Path
) -> None:
    store, older, newest = practice.layout.store, tmp_path / "older", tmp_path / "newest"
    last_crl, requests = tmp_path / "last.crl", Requests()
    with practice.serving():
        made = await practice.make_card(employee(1))
    serial = x509.load_der_x509_certificate(made.certificate).serial_number
    shutil.copytree(store.parent, older)
    with practice.serving():
        assert await requests.once(practice, Change.BLOCK, made.card.card_id)
        until(lambda: listed(practice, last_crl) == {serial}, "it is on the CRL")
        # As somebody does who puts a copy back by hand, and stops nothing.
        store.parent.rename(newest)
        shutil.copytree(older, store.parent)
        assert not await requests.once(practice, Change.UNBLOCK, made.card.card_id)
        assert isinstance(requests.refusals[-1], ServiceUnavailable)
        heard = [*iter(lambda: said(practice, f"{serial:040x}"), "trylater")]
        assert set(heard) <= {"hold"}

    started = practice.zorgid("serve", "--config", str(practice.config))
    assert "lacks journal entry" in started.stderr
    assert "zorgid restore-confirm" in started.stderr
    words = ("--config", str(practice.config), "--crl", str(last_crl), "--json")
    confirmed = json.loads(practice.zorgid("restore-confirm", *words).stdout)
    assert confirmed["result"]["held"] == [f"{serial:040x}"]
    with practice.serving():
        assert practice.openssl_ocsp(f"{serial:040x}") == "hold"
        await check_sound(practice)


def said(practice: Practice, serial: str) -> str:
    """What is said to a question that nobody asked before."""
    try:
        return practice.openssl_ocsp(serial)
    except AssertionError as refused:
        return "trylater" if "trylater" in str(refused) else str(refused)


def listed(practice: Practice, file: Path) -> set[int]:
    """On the present CRL, which is kept in a file."""
    file.write_bytes(fetched(f"{practice.base_url}/crl/zorg-id-token-ca.crl"))
    return {each.serial_number for each in x509.load_der_x509_crl(file.read_bytes())}
