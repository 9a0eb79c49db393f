"""Any order of steps and deaths, on the store in memory."""

from hypothesis import settings

from issuance.ports import Reader, Store
from issuing.machine import CardMachine


class MachineInMemory(CardMachine):
    def open_store(self) -> tuple[Store, Reader]:
        return self.around.store, self.around.store


TestMachineInMemory = MachineInMemory.TestCase
TestMachineInMemory.settings = settings(max_examples=30, stateful_step_count=30)
