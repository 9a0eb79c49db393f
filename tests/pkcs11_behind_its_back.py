"""A module's process in which SIGUSR1 closes every session, as another client in it might do.

    python pkcs11_behind_its_back.py LIBRARY SOCKET PARENT

Python runs the handler between two calls into the module, on the one thread.
"""

import ctypes
import signal
import sys

from pki.keys.pkcs11.child import main


def _close_all_sessions(_number: int, _frame: object) -> None:
    library = ctypes.CDLL(sys.argv[1])
    count = ctypes.c_ulong(64)
    slots = (ctypes.c_ulong * count.value)()
    assert library.C_GetSlotList(1, slots, ctypes.byref(count)) == 0
    for slot in slots[: count.value]:
        assert library.C_CloseAllSessions(ctypes.c_ulong(slot)) == 0


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _close_all_sessions)
    main()
