"""People, cards, organisations and roles in any order, on the store in memory."""

from issuance.ports import Reader, Store
from registration.house import bounded
from registration.machine import RegistrationMachine


class RegistrationInMemory(RegistrationMachine):
    def open_store(self) -> tuple[Store, Reader]:
        return self.around.store, self.around.store


TestRegistrationInMemory = RegistrationInMemory.TestCase
TestRegistrationInMemory.settings = bounded(share=3, steps=20)
