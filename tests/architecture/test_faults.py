"""Each fault that is made to a whole installation ends with one look at everything."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD, _, IN_PART = (ROOT / "docs/faults.md").read_text("utf-8").partition("## Looked at in part")
NAMED = frozenset(re.findall(r"`(test_\w+)`", TOLD))
EXCUSED = frozenset(re.findall(r"`(test_\w+)(?:\.py)?`", IN_PART))
FILES = [
    path for folder in ("faults", "flows") for path in (ROOT / "tests" / folder).glob("test_*.py")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_fault_that_is_told_of_ends_with_the_look_at_everything(path: Path) -> None:
    source = path.read_text("utf-8")
    named = NAMED.intersection(re.findall(r"^(?:async )?def (test_\w+)", source, re.MULTILINE))
    looks = re.search(r"\bcheck_sound\(|\.check\(\)", source)
    assert looks or path.stem in EXCUSED or named <= EXCUSED
