"""The section [tracing]."""

from typing import Annotated

from pydantic import AfterValidator, Field

from pki.settings.types import ExistingFile, Section
from server.setting.sinks import protected_url


class TracingSettings(Section):
    """Where spans are sent (OTLP over HTTP); without the section there are none.

    ``ratio`` of all traces are sent, decided by the trace's id, so that a trace is sent whole.
    """

    endpoint: Annotated[str, AfterValidator(protected_url)]
    ca_file: ExistingFile | None = None
    ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
