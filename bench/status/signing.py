"""The bare signing rate: one key, one thread, nothing around it."""

import os
import time
from typing import Final

from bench.status.machine import SERVER_CPU
from pki.domain.algorithms import KeyType
from pki.keys.algorithms import PrivateKey, algorithm_for, generate_private_key, key_type_of, sign

_MESSAGE: Final = bytes(220)
"""About as long as the ResponseData of one certificate with a nonce."""


def key(kind: KeyType) -> PrivateKey:
    """A key to sign with."""
    return generate_private_key(kind)


def bare_rate(private: PrivateKey, seconds: float) -> float:
    """Signatures for each second of processor time, on the processor that servers run on."""
    algorithm = algorithm_for(key_type_of(private.public_key()))
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(SERVER_CPU)})
    try:
        done, began = 0, time.process_time()
        while (taken := time.process_time() - began) < seconds:
            for _ in range(16):
                sign(private, algorithm, _MESSAGE)
            done += 16
        return done / taken
    finally:
        os.sched_setaffinity(0, allowed)
