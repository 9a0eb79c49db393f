"""The evidence key: what signs what an auditor verifies offline: statements, checkpoints."""

from typing import Annotated

from pydantic import Field

from pki.settings.types import ExistingFile, Section
from server.setting.keys import CaKeySettings


class EvidenceSettings(Section):
    """Its certificate, by the Services CA, and where the key is: a file or a token.

    ``checkpoint_seconds``: how often it signs where the journal ends.
    """

    certificate: ExistingFile
    key: CaKeySettings
    checkpoint_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
