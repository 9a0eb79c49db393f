"""Running statements over one connection: whatever fails is translated, and is the last."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Executable, Row, Select
from sqlalchemy.exc import MultipleResultsFound

from pki.domain.errors import ZorgidError
from pki.store.failures import FAILURES, translated

_PAGE: Final = 1000
"""Rows fetched at a time where a query may answer with millions."""


class Statements:
    """The connection of a transaction; good while that lasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._streams: ExitStack | None = None
        self.failure: ZorgidError | None = None

    def close(self) -> None:
        """End what was not read to its end."""
        if self._streams is not None:
            self._streams.close()

    def _close_later(self, close: Callable[[], object]) -> None:
        """Have `close` call it: of what may be left before its end."""
        if self._streams is None:
            self._streams = ExitStack()
        self._streams.callback(close)

    def check(self) -> None:
        """Raise the failure of a statement again, also when someone swallowed it.

        Raises:
            ZorgidError: a statement failed; its transaction or savepoint is of no further use.
        """
        if self.failure is not None:
            raise self.failure

    def _before_statement(self) -> None:
        """Whatever has to be done before each statement; a change to the store begins here."""

    def _failed(self, error: Exception) -> ZorgidError:
        """After this no statement runs any more."""
        self.failure = translated(error)
        return self.failure

    @contextmanager
    def _statement(self) -> Iterator[Connection]:
        """The connection for one statement; after a failure there is none."""
        self.check()
        try:
            self._before_statement()
            yield self._connection
        except FAILURES as error:
            raise self._failed(error) from None

    def _rows(
        self, query: Executable, values: Mapping[str, object] | None = None
    ) -> Sequence[Row[Any]]:
        result = self._run(query, values)
        try:
            return result.all()
        except FAILURES as error:
            raise self._failed(error) from None

    def _run(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> CursorResult[Any]:
        # As `_statement` does, without its generators: a dozen of these run for a certificate.
        self.check()
        try:
            self._before_statement()
            return self._connection.execute(statement, values)
        except FAILURES as error:
            raise self._failed(error) from None

    def _row(
        self, query: Executable, values: Mapping[str, object] | None = None
    ) -> Row[Any] | None:
        """The one row there is, if any."""
        rows = self._rows(query, values)
        if len(rows) > 1:
            raise self._failed(MultipleResultsFound("more than one row"))
        return rows[0] if rows else None

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with self._statement() as connection:
            streaming = query.execution_options(yield_per=_PAGE)
            result = connection.execute(streaming)
            self._close_later(result.close)
            for page in result.partitions():
                yield from page
