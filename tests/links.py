"""Places in the documents of this project."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

_FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(path: Path) -> str:
    """A document without its examples."""
    return _FENCED.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    found = set()
    for heading in _HEADING.findall(prose(path)):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


def leads_somewhere(link: str) -> bool:
    """Whether a link from the project's folder is to a document, and to a heading in it."""
    path, _, anchor = link.partition("#")
    return (ROOT / path).is_file() and (not anchor or anchor in anchors(ROOT / path))
