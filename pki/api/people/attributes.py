"""Bodies about what people do for organisations."""

from typing import Annotated

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import AttributeIdText, Moment, UraText, UziNumberText

AttributeType = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
TaskCode = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]


class AttributeRequest(Wire):
    """POST /v1/attributes: somebody of the organisation gets a task.

    ``ura`` names another organisation than the operator's own: the ZORG-ID team must, and nobody
    else may.
    """

    uzi_number: UziNumberText
    type: AttributeType
    task_code: TaskCode
    ura: UraText | None = None


class AttributeSearchRequest(Wire):
    """POST /v1/attributes/search: in a body, since addresses are written to logs and histories."""

    uzi_number: UziNumberText
    ura: UraText | None = None


class AttributeView(Wire):
    """An attribute that a person has at an organisation."""

    attribute_id: AttributeIdText
    ura: UraText
    type: str
    task_code: str
    since: Moment


class AttributesView(Wire):
    """What a person has at an organisation, by type and code."""

    attributes: list[AttributeView]
