"""What is signed beside an export of the journal: which entries, and the digest of the file.

An entry's digest commits to every entry before it, so that a part of the journal needs no more than
a signature over its end; the file's own digest lets anyone compare without reading an entry.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

from pki.domain.errors import Malformed
from pki.domain.journal import canonical_json

TYPE: Final = "zorg-id-journal-export"
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportStatement:
    """Entries ``first`` to ``last``; ``previous`` is what the first follows, ``digest`` the last's.

    Digests are hexadecimal, times RFC 3339 as in entries; ``since`` and ``until`` are what was
    asked for, until not included, None where nothing was. An export without entries is not signed.
    """

    installation: str
    kind: str
    first: int
    last: int
    previous: str
    digest: str
    file_sha256: str
    since: str | None
    until: str | None
    at: str

    @property
    def content(self) -> bytes:
        """What is signed: the UTF-8 text of a JSON object, encoded as journal entries are."""
        return canonical_json({"type": TYPE, "version": VERSION, **asdict(self)})

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The inverse of `content`.

        Raises:
            Malformed: not a statement of this version.
        """
        try:
            value = json.loads(content)
            marks = value.pop("type"), value.pop("version")
            found = cls(**value) if marks == (TYPE, VERSION) else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found = None
        if found is None or found.content != content:
            raise Malformed(
                what="export statement",
                message="what was signed is no statement about an export of the journal",
                next_step="name the file that zorgid journal export --sign made beside the export",
            )
        return found
