"""docs/status.md says what is answered to what: every row of its table is asked and compared."""

from pathlib import Path

import pytest

from status_side.table import ROWS, asked

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "status.md"
HEAD = "| request | HTTP | answer | headers | HTTP cache | client |"


def documented() -> dict[str, str]:
    """The rows of the document: what is asked, and the cells behind it."""
    _, _, table = DOCUMENT.read_text("utf-8").partition(HEAD + "\n")
    lines = table.split("\n\n", 1)[0].splitlines()[1:]
    return dict(line.strip("| ").split(" | ", 1) for line in lines)


def test_the_document_has_these_rows_in_this_order() -> None:
    assert list(documented()) == list(ROWS)


@pytest.mark.parametrize("request_made", ROWS)
async def test_a_row_says_what_is_answered(request_made: str) -> None:
    assert await asked(ROWS[request_made]) == documented()[request_made]
