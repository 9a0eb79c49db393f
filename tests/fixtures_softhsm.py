"""SoftHSM2 for this process, with the token `ca`; one folder for the whole run."""

import os
from collections.abc import Iterator

import pytest

from peers import require
from pki.keys.pin import Pin
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.module import Pkcs11Module
from softhsm import PIN, SoftHsm

ANSWER_SECONDS = 20.0


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    require("softhsm")
    hsm = SoftHsm.make(tmp_path_factory.mktemp("softhsm"))
    hsm.add_token("ca")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(hsm.config)
    try:
        yield hsm
    finally:
        del os.environ["SOFTHSM2_CONF"]
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def hsm_module(softhsm: SoftHsm) -> Pkcs11Module:
    """The module, logged in at `ca`."""
    loaded = loaded_module(softhsm.module, answer_seconds=ANSWER_SECONDS)
    loaded.log_in("ca", lambda: Pin(PIN))
    return loaded
