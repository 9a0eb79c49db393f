"""What a statement of Dezi must say (verklaring v1), read without believing any of it."""

import json
import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pki.domain.identity.errors import StatementRejected

_LATEST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last moment a datetime can hold


def _printable(value: str) -> str:
    """Text is shown on screens: no control, formatting or unassigned characters."""
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise ValueError("holds a character that is not printable")
    return value


_Printable = AfterValidator(_printable)
_Text = Annotated[str, Field(min_length=1, max_length=300), _Printable]
_Name = Annotated[str, Field(min_length=1, max_length=200), _Printable]
_Prefix = Annotated[str, Field(max_length=40), _Printable]
_Moment = Annotated[int, Field(ge=0, le=_LATEST)]


class Claims(BaseModel):
    """The claims of a statement; what else stands in it is left alone (RFC 7519 4).

    Times are whole seconds since 1970. Only ``voorvoegsel`` may be null.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    jti: _Text
    iss: _Text
    aud: _Text | list[_Text] | None = None
    exp: _Moment
    nbf: _Moment
    json_schema: _Text
    loa_dezi: _Text
    verklaring_id: _Text
    dezi_nummer: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    voorletters: _Name
    voorvoegsel: _Prefix | None
    achternaam: _Name
    abonnee_nummer: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    abonnee_naam: _Name
    rol_code: Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]{3}$")]
    rol_naam: _Name
    rol_code_bron: _Text
    status_uri: _Text

    @property
    def audiences(self) -> frozenset[str]:
        """Whom it is for (RFC 7519 4.1.3); empty when it does not say."""
        if self.aud is None:
            return frozenset()
        return frozenset([self.aud] if isinstance(self.aud, str) else self.aud)


def read_object(octets: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which no name stands twice, at any depth (RFC 8725 2.4; RFC 7515 4).

    Raises:
        StatementRejected: rule ``json``.
    """
    try:
        value = json.loads(
            octets.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise rejected("json", f"its {what} is no JSON, or a name stands twice in it") from None
    if not isinstance(value, dict):
        raise rejected("json", f"its {what} is no JSON object")
    return value


def read_claims(octets: bytes) -> Claims:
    """The claims in a payload.

    Raises:
        StatementRejected: rule ``json``; rule ``claims``, naming the claim and not its value.
    """
    try:
        return Claims.model_validate(read_object(octets, "payload"))
    except ValidationError as error:
        claim = error.errors(include_input=False, include_url=False)[0]["loc"][0]
        raise rejected("claims", f"{claim} is missing or has a wrong form") from None


def rejected(rule: str, why: str) -> StatementRejected:
    """The error of a statement that is not believed."""
    return StatementRejected(
        rule=rule,
        message=f"the statement of Dezi is not believed: {why}",
        next_step="get a new statement from Dezi; if it stays so, check the section [dezi]",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)
