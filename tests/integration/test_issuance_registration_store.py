"""People, cards, organisations and roles in any order, on the real store."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from issuance.ports import Reader, Store
from pki.store.migrate import migrate
from pki.store.reading import ReadStore
from pki.store.writing import Store as RealStore
from registration.house import bounded
from registration.machine import RegistrationMachine


class RegistrationOnSqlite(RegistrationMachine):
    def open_store(self) -> tuple[Store, Reader]:
        self.folder: Any = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name)}/zorgid.sqlite3"
        migrate(url)
        self.writing = RealStore.open(url, clock=self.around.clock)
        self.reading = ReadStore.open(url)
        return self.writing, self.reading

    async def close_store(self) -> None:
        await self.writing.close()
        await self.reading.close()
        self.folder.cleanup()


TestRegistrationOnSqlite = pytest.mark.slow(RegistrationOnSqlite.TestCase)
TestRegistrationOnSqlite.settings = bounded(share=25, steps=25)
