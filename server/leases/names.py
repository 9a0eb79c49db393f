"""What runs once among all processes that share a store."""

from enum import Enum
from typing import Final


class Task(Enum):
    """Under which name the store keeps the lease of each."""

    CRLS = "crls"
    ENDINGS = "endings"
    CHECKPOINTS = "checkpoints"
    DIRECTORY = "directory"
    SINKS = "crl-sinks"
    RECEIPTS = "receipts"


WITHOUT: Final = {
    Task.CRLS: "no CRL is built",
    Task.ENDINGS: "nothing that is overdue ends",
    Task.CHECKPOINTS: "the journal's end is not signed",
    Task.DIRECTORY: "no directory is kept in line",
    Task.SINKS: "no CRL and no checkpoint is brought to its sinks",
    Task.RECEIPTS: "nobody looks when a change is shown",
}
"""What it means when nobody holds it."""
