"""The name in a UZI certificate's subjectAltName, as text (CPS UZI-register 10.3, 7.1.5)."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from pki.domain.errors import Malformed
from pki.domain.identifiers import Ura, UziNumber

_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){2,14}", re.ASCII)
_ROLE: Final = re.compile(r"[0-9]{2}\.[0-9]{3}", re.ASCII)
_AGB: Final = re.compile(r"[0-9]{8}", re.ASCII)
_PIECES: Final = {
    "OID CA": _OID,
    "version": re.compile("1"),
    "UZI number": re.compile(r"[0-9]{9}", re.ASCII),
    "pass type": re.compile("[ZNMS]"),
    "URA": re.compile(r"[0-9]{8}", re.ASCII),
    "role": _ROLE,
    "AGB code": _AGB,
}

NO_ROLE: Final = "00.000"
NO_AGB: Final = "00000000"


class PassType(Enum):
    """Pastype (CPS 7.1.5)."""

    ZORGVERLENER = "Z"
    MEDEWERKER_OP_NAAM = "N"
    MEDEWERKER_NIET_OP_NAAM = "M"
    SERVER = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class UziName:
    """``<OID CA>-<versie>-<UZI-nr>-<pastype>-<abonneenr>-<rol>-<AGB>``; the version is always 1.

    A role belongs to a Zorgverlener pass alone: every other type carries ``00.000``, and Z never
    does.
    """

    oid_ca: str
    uzi_number: UziNumber
    pass_type: PassType
    ura: Ura
    role: str = NO_ROLE
    agb: str = NO_AGB

    def __post_init__(self) -> None:
        """Refuse a name that the CPS does not allow.

        Raises:
            Malformed: a piece has another form, or role and pass type contradict each other.
        """
        if not (
            _OID.fullmatch(self.oid_ca) and _ROLE.fullmatch(self.role) and _AGB.fullmatch(self.agb)
        ):
            raise Malformed(what="UZI name", message="OID CA, role or AGB code has a wrong form")
        without_profession = self.role.startswith("00")
        if self.pass_type is PassType.ZORGVERLENER:
            if without_profession:
                raise Malformed(what="UZI name", message="a Zorgverlener pass must carry a role")
        elif self.role != NO_ROLE:
            raise Malformed(what="UZI name", message="only a Zorgverlener pass may carry a role")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read exactly seven pieces with exact digit counts.

        Raises:
            Malformed: anything else, a version other than 1 included.
        """
        pieces = text.split("-")
        if len(pieces) != len(_PIECES):
            raise Malformed(what="UZI name", message="not of the form OID-1-UZI-type-URA-role-AGB")
        for piece, (what, form) in zip(pieces, _PIECES.items(), strict=True):
            if not form.fullmatch(piece):
                raise Malformed(what="UZI name", message=f"{what} has a wrong form")
        oid_ca, _, number, pass_type, ura, role, agb = pieces
        return cls(
            oid_ca=oid_ca,
            uzi_number=UziNumber(number),
            pass_type=PassType(pass_type),
            ura=Ura(ura),
            role=role,
            agb=agb,
        )

    @property
    def text(self) -> str:
        """The IA5String under type-id 2.5.5.5."""
        pieces = (
            self.oid_ca,
            "1",
            self.uzi_number.value,
            self.pass_type.value,
            self.ura.value,
            self.role,
            self.agb,
        )
        return "-".join(pieces)

    @property
    def upn(self) -> str:
        """The user principal name on an authenticity certificate: ``<UZI-nr>@<abonneenr>``."""
        return f"{self.uzi_number}@{self.ura}"
