"""The writer's record on a token: a data object, replaced so that one is always whole."""

from typing import Final

from card_writer.piv.objects import Record
from card_writer.pkcs11.link import TokenLink

_LABEL: Final = "ZORG-ID card writer"


class Notes:
    """Each record has a number in its application's name; the highest is the last one written."""

    def __init__(self, link: TokenLink) -> None:
        self._link = link

    def read(self) -> Record | None:
        """The last record, if there is one.

        Raises:
            CardRefused: this place holds something that the writer did not write.
        """
        numbered = self._numbered()
        return Record.decode(numbered[-1][1]) if numbered else None

    def write(self, record: Record) -> None:
        """Add the record, then remove those before it."""
        numbered = self._numbered()
        number = numbered[-1][0] + 1 if numbered else 1
        self._link.call("put_note", record.encode(), label=_LABEL, application=str(number))

    def _numbered(self) -> list[tuple[int, bytes]]:
        names, values = self._link.call("notes", label=_LABEL)
        pairs = zip(names, values, strict=True)
        return sorted((int(name), value) for name, value in pairs if name.isdecimal())
