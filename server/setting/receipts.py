"""The section [receipts]."""

from typing import Annotated

from pydantic import Field

from pki.settings.types import Section


class ReceiptSettings(Section):
    """Whether the role `publisher` looks from outside when changes are shown."""

    watch: bool = True
    most: Annotated[int, Field(ge=1, le=100_000)] = 1000
