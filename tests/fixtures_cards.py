"""The chain of readers and cards: a private pcscd, and cards that lie in its reader."""

import os
from collections.abc import Iterator

import pytest

from peers import require
from vcard_pad import PadReader
from vcard_pcscd import Pcscd


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    """One daemon for this process, which its PC/SC clients find through the environment."""
    require("pcsc")
    made = Pcscd(tmp_path_factory.mktemp("pcscd"))
    before = os.environ.get("PCSCLITE_CSOCK_NAME")
    os.environ["PCSCLITE_CSOCK_NAME"] = str(made.socket)
    try:
        yield made
    finally:
        made.stop()
        del os.environ["PCSCLITE_CSOCK_NAME"]
        if before is not None:
            os.environ["PCSCLITE_CSOCK_NAME"] = before


@pytest.fixture(scope="module")
def pin_pad(pcscd: Pcscd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PadReader]:
    """A daemon with a reader that has keys of its own, in place of the other one."""
    with pcscd.away():
        made = PadReader(tmp_path_factory.mktemp("pin-pad"), pcscd)
        try:
            yield made
        finally:
            made.pcscd.stop()
