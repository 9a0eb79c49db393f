"""What all bodies have in common, and the one that says no."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from pki.domain.reasons import RefusalReason


class Wire(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a JSON object.

        Raises:
            Malformed: a field does not have the form of its identifier.
            pydantic.ValidationError: any other disagreement with the type.
        """
        return cls.model_validate_json(text)

    def to_json(self) -> str:
        """The body as JSON."""
        return self.model_dump_json()


class Problem(Wire):
    """RFC 9457. ``title`` and ``detail`` are Dutch, for the person; ``detail_en`` is English.

    ``type`` is ``urn:zorgid:problem:<code>`` and ``instance`` the request's id.
    """

    type: str
    title: str
    status: int
    detail: str
    detail_en: str
    instance: str
    reason: RefusalReason | None = None
    next_step: str | None = None
