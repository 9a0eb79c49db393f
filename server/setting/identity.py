"""Sources of identity beside the UZI pass: [dezi]."""

from typing import Annotated, Literal

from pydantic import Field

from pki.settings.types import ExistingFile, Section

_Text = Annotated[str, Field(min_length=1, max_length=300)]
_Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"]


class DeziSettings(Section):
    """Which statements of Dezi are believed; ``keys`` are public keys or certificates, PEM."""

    issuer: _Text
    keys: Annotated[tuple[ExistingFile, ...], Field(min_length=1, max_length=10)]
    algorithms: Annotated[tuple[_Algorithm, ...], Field(min_length=1)] = ("RS256",)
    json_schema: _Text = "https://www.dezi.nl/json_schemas/v1/verklaring.json"
    audience: _Text | None = None
    skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
