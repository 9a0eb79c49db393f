"""Fields of the wire types that become domain values while they are read.

A value of a wrong form raises `Malformed`, which never repeats what was sent.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Protocol

from pydantic import AwareDatetime, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from pki.domain.errors import Malformed
from pki.domain.identifiers import (
    AppointmentId,
    AttributeId,
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    MobielId,
    NoticeId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    Ura,
    UziNumber,
)
from pki.domain.people import BirthDate

_PEM: Final = re.compile(
    r"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\s([A-Za-z0-9+/=\s]*)-----END \1-----\s*", re.ASCII
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CERTIFICATE: Final = "CERTIFICATE"
CERTIFICATE_REQUEST: Final = "CERTIFICATE REQUEST"


def to_pem(der: bytes, label: str = CERTIFICATE) -> str:
    """Textual encoding of RFC 7468: lines of 64 characters, a line feed after each."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def from_pem(text: str, label: str = CERTIFICATE) -> bytes:
    """Read exactly one block with this label and nothing beside it (RFC 7468).

    Raises:
        Malformed: another label, more than one block, text around it, or not base64.
    """
    match = _PEM.fullmatch(text)
    if match is None or match[1] != label:
        raise Malformed(what=label.lower(), message=f"expected one PEM block {label}")
    return _from_base64("".join(match[2].split()), label.lower())


def _from_base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(what=what, message=f"{what} is not base64") from None


def _octets(text: str) -> bytes:
    return _from_base64(text, "octets")


def _birth_date(text: str) -> BirthDate:
    if not _DAY.fullmatch(text):
        raise Malformed(what="birth date", message="birth date must be a day as YYYY-MM-DD")
    return BirthDate.parse(text)


@dataclass(frozen=True, slots=True)
class TextOf:
    """How a field of type ``kind`` is written as text and read back.

    The rest is for whoever reads its JSON Schema: ``about`` in words, the whole text's ``pattern``
    (ECMA 262), its ``encoding``, a known ``format``.
    """

    kind: type
    read: Callable[[str], object]
    write: Callable[[Any], str] = str
    about: str = ""
    pattern: str = ""
    encoding: str = ""
    format: str = ""

    def _validate(self, value: object) -> object:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, self.kind):
            return value
        raise Malformed(what=self.kind.__name__, message=f"{self.kind.__name__} must be text")

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        del schema, handler
        said = {
            "description": self.about,
            "pattern": f"^(?:{self.pattern})$" if self.pattern else "",
            "contentEncoding": self.encoding,
            "format": self.format,
        }
        return {"type": "string"} | {name: value for name, value in said.items() if value}


def _read_certificate(text: str) -> bytes:
    return from_pem(text, CERTIFICATE)


def _read_request(text: str) -> bytes:
    return from_pem(text, CERTIFICATE_REQUEST)


def _write_request(der: bytes) -> str:
    return to_pem(der, CERTIFICATE_REQUEST)


def _write_octets(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _write_birth_date(birth_date: BirthDate) -> str:
    return birth_date.value.isoformat()


class _Identifier(Protocol):
    PATTERN: ClassVar[str]
    WHAT: ClassVar[str]

    def __init__(self, value: str) -> None: ...


def _identifier(kind: type[_Identifier]) -> TextOf:
    return TextOf(kind, kind, about=kind.WHAT, pattern=kind.PATTERN)


def _pem(label: str, read: Callable[[str], bytes], write: Callable[[bytes], str]) -> TextOf:
    about = f"One PEM block {label} (RFC 7468)."
    begin, base64_lines = f"-----BEGIN {label}-----", r"[A-Za-z0-9+\/=\s]*"
    pattern = rf"\s*{begin}\s{base64_lines}{begin.replace('BEGIN', 'END')}\s*"
    return TextOf(bytes, read, write, about=about, pattern=pattern)


AppointmentIdText = Annotated[AppointmentId, _identifier(AppointmentId)]
AttributeIdText = Annotated[AttributeId, _identifier(AttributeId)]
CardIdText = Annotated[CardId, _identifier(CardId)]
CardNumberText = Annotated[CardNumber, _identifier(CardNumber)]
ChallengeIdText = Annotated[ChallengeId, _identifier(ChallengeId)]
IdempotencyKeyText = Annotated[IdempotencyKey, _identifier(IdempotencyKey)]
IssuerIdText = Annotated[IssuerId, _identifier(IssuerId)]
MobielIdText = Annotated[MobielId, _identifier(MobielId)]
NoticeIdText = Annotated[NoticeId, _identifier(NoticeId)]
OrganisationIdText = Annotated[OrganisationId, _identifier(OrganisationId)]
PersonIdText = Annotated[PersonId, _identifier(PersonId)]
SessionIdText = Annotated[SessionId, _identifier(SessionId)]
SerialText = Annotated[
    SerialNumber,
    TextOf(
        SerialNumber,
        SerialNumber.parse,
        about="Serial number: 40 lower-case hexadecimal digits.",
        pattern="(?!0{40})[0-7][0-9a-f]{39}",
    ),
]
UraText = Annotated[Ura, _identifier(Ura)]
UziNumberText = Annotated[UziNumber, _identifier(UziNumber)]
BirthDateText = Annotated[
    BirthDate,
    TextOf(BirthDate, _birth_date, _write_birth_date, about="Date of birth.", format="date"),
]
CertificatePem = Annotated[bytes, _pem(CERTIFICATE, _read_certificate, to_pem)]
RequestPem = Annotated[bytes, _pem(CERTIFICATE_REQUEST, _read_request, _write_request)]
Octets = Annotated[bytes, TextOf(bytes, _octets, _write_octets, encoding="base64")]
Moment = Annotated[datetime, AwareDatetime]
