"""What a supervisor refuses before it starts anything."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pki.domain.errors import ConfigurationInvalid
from server.setting.keys import Pkcs11Settings, ResponderKeySettings
from server.settings import Settings
from server.workers.supervisor import Supervisor


def test_one_descriptor_is_not_for_several_workers() -> None:
    token = Pkcs11Settings.model_validate(
        {"module": __file__, "token": "zorgid", "label": "ocsp", "key_id": "a1", "pin_fd": 3}
    )
    key = ResponderKeySettings.model_construct(pkcs11=token)
    settings = cast("Settings", SimpleNamespace(status=SimpleNamespace(responder_key=key)))
    with pytest.raises(ConfigurationInvalid) as refused:
        Supervisor(Path("zorgid.toml"), settings, 2)
    assert refused.value.key == "status.responder_key.pkcs11.pin_fd"
