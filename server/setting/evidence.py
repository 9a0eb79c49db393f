"""The evidence key: what signs statements that an auditor verifies offline."""

from server.setting.keys import CaKeySettings
from server.setting.types import ExistingFile, Section


class EvidenceSettings(Section):
    """Its certificate, by the Services CA, and where the key is: a file or a token."""

    certificate: ExistingFile
    key: CaKeySettings
