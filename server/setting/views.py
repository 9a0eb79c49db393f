"""The section [views]."""

from typing import Annotated

from pydantic import Field

from pki.settings.types import Section


class ViewSettings(Section):
    """How often the role `publisher` holds the views against the store, and for how many."""

    interval_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    sample: Annotated[int, Field(ge=1, le=1000)] = 10
