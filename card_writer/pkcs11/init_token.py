"""C_InitToken (PKCS#11 2.40, 5.5), which python-pkcs11 does not offer."""

import ctypes
import sys
from typing import Final

_LABEL_OCTETS: Final = 32


class _FunctionList(ctypes.Structure):
    """CK_FUNCTION_LIST up to C_InitToken; on Windows Cryptoki's structures are packed."""

    if sys.platform == "win32":
        _pack_ = 1
    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("before", ctypes.c_void_p * 9),
        ("init_token", ctypes.c_void_p),
    )


_InitToken: Final = ctypes.CFUNCTYPE(
    ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_char_p
)


def init_token(module: str, slot: int, so_pin: bytearray, label: str) -> int:
    """Make a token blank; the return value (CKR_OK is 0). The module was initialised before.

    Raises:
        OSError: it is no module.
    """
    functions = ctypes.POINTER(_FunctionList)()
    code = int(ctypes.CDLL(module).C_GetFunctionList(ctypes.byref(functions)))
    if code:
        return code
    name = label.encode().ljust(_LABEL_OCTETS)[:_LABEL_OCTETS]
    pin = (ctypes.c_char * len(so_pin)).from_buffer(so_pin)
    try:
        call = _InitToken(functions.contents.init_token)
        return int(call(slot, ctypes.addressof(pin), len(so_pin), name))
    finally:
        del pin
