"""Any order of steps and deaths, on the real store."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from fakes.issuance_store import Tables
from issuance.ports import Reader, Store
from issuing.machine import CardMachine
from pki.store.migrate import migrate
from pki.store.reading import ReadStore
from pki.store.writing import Store as RealStore


class MachineOnSqlite(CardMachine):
    def open_store(self) -> tuple[Store, Reader]:
        self.folder: Any = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name)}/zorgid.sqlite3"
        migrate(url)
        tables: Tables = self.around.store.tables
        self.writing = RealStore.open(url, clock=self.around.clock)
        self.reading = ReadStore.open(url)
        for organisation in tables.organisations.values():
            self.writing.write_sync(lambda tx, o=organisation: tx.put_organisation(o))  # type: ignore[misc] # bound early
        return self.writing, self.reading

    async def close_store(self) -> None:
        await self.writing.close()
        await self.reading.close()
        self.folder.cleanup()


TestMachineOnSqlite = pytest.mark.slow(MachineOnSqlite.TestCase)
TestMachineOnSqlite.settings = settings(max_examples=6, stateful_step_count=25)
