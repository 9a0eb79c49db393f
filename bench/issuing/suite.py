"""The measurements of `bench/issuing_hsm.py`."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.issuing.stored import issue_stored, stored
from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.practice import Moment, make_root, make_subordinate
from ca.prepare import Prepared
from ca.profile import Profile
from ca.profiles import load_profiles
from ca.settings import CaSettings, Installation
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import IssuerId, Ura, UziNumber
from pki.domain.people import PersonName
from pki.domain.records import PassHolder
from pki.domain.uzi import PassType, UziName
from pki.keys.algorithms import generate_private_key
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pool import PooledSigner
from pki.keys.soft import SoftSigner
from pki.ports import SystemClock, SystemEntropy

ROOT = Path(__file__).resolve().parents[2]
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
AT_ONCE = 16
CARD_KEYS = 100
PIN = b"492817"
KEY_TYPES = {each.value: each for each in (KeyType.RSA_2048, KeyType.RSA_3072, KeyType.RSA_4096)}
SETTINGS = CaSettings(
    installation=Installation.PRACTICE,
    operator="ZORG-ID PRACTICE",
    oid_arc="1.3.6.1.4.1.32473.2026",
    base_url="http://status.example.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A token that is logged in, and the key in it."""

    module: Pkcs11Module
    key: KeyName
    name: str


@contextmanager
def softhsm_token(key_type: KeyType) -> Iterator[Place]:
    """A throw-away token with a new key."""
    with tempfile.TemporaryDirectory() as folder:
        tokens, config = Path(folder) / "tokens", Path(folder) / "softhsm2.conf"
        tokens.mkdir()
        config.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(config)
        words = (
            "--init-token",
            "--free",
            "--label",
            "bench",
            "--so-pin",
            "3829174",
            "--pin",
            PIN.decode(),
        )
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)  # noqa: S607 -- on the path
        module = loaded_module(SOFTHSM, answer_seconds=60)
        module.log_in("bench", lambda: Pin(PIN))
        key = KeyName(token="bench", key_id=b"\x01", label="ca")
        ceremony.generate(module, key, key_type)
        yield Place(module=module, key=key, name="SoftHSM2")


def raw_rate(key: KeyName, seconds: float) -> float:
    """Signatures per second of the module itself."""
    script = ROOT / "bench" / "issuing" / "raw.py"
    words = (str(SOFTHSM), key.token, PIN.decode(), key.key_id.hex(), str(seconds))
    done = subprocess.run(
        [sys.executable, str(script), *words], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


async def issuing_rate(issue: Callable[[], Awaitable[bytes]], seconds: float) -> float:
    """Certificates per second with 16 requests under way at any time."""
    done, began = 0, time.perf_counter()

    async def requests() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await issue()
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(requests())
    return done / (time.perf_counter() - began)


async def authority(signer: Pkcs11Signer, key_type: KeyType) -> CertificationAuthority:
    """A Token CA over the key; where the shipped profile forbids its size, for this run it may."""
    profiles = dict(load_profiles(ROOT / "config" / "profiles", settings=SETTINGS))
    profiles["token-ca"] = allowing(profiles["token-ca"], key_type)
    moment = Moment(now=SystemClock().now(), entropy=SystemEntropy())
    root_key = SoftSigner(generate_private_key(KeyType.RSA_3072))
    root = await make_root(profiles["root"], signer=root_key, moment=moment)
    bounded = PooledSigner(
        CheckedSigner(signer), concurrency=AT_ONCE, queue_limit=AT_ONCE, timeout_seconds=30
    )
    token_ca = await make_subordinate(
        profiles["token-ca"], signer=bounded, root=root, moment=moment
    )
    return CertificationAuthority.open(
        IssuerId("token-ca-g1"),
        chain=(token_ca.certificate, root.certificate),
        signer=bounded,
        profiles=AuthorityProfiles(
            ca=profiles["token-ca"],
            person=profiles["card-rsa2048"],
            responder=profiles["ocsp-responder"],
        ),
        settings=SETTINGS,
        entropy=SystemEntropy(),
    )


def allowing(profile: Profile, key_type: KeyType) -> Profile:
    """The profile with this kind of key."""
    return replace(profile, key=replace(profile.key, types=(key_type,)))


def card_key() -> bytes:
    """A card's public key."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


HOLDER = PassHolder(
    uzi_name=UziName(
        oid_ca="2.16.528.1.1007.99.218",
        uzi_number=UziNumber("900021219"),
        pass_type=PassType.MEDEWERKER_OP_NAAM,
        ura=Ura("90000382"),
    ),
    name=PersonName(surname="Bench", given_names="Anne", common_name="Anne Bench"),
    organisation_name="Zorginstelling Bench",
    certificate_sha256=bytes(32),
    not_after=SystemClock().now(),
)


async def measure(
    place: Place, key_type: KeyType, *, rounds: int, seconds: float
) -> dict[str, object]:
    """Raw, issuing and storing rates in turns."""
    signer = Pkcs11Signer.open(place.module, place.key)
    ca = await authority(signer, key_type)
    # More of them than judgements of keys are remembered: each certificate has a key unseen.
    card_keys = cycle([card_key() for _ in range(CARD_KEYS)])

    def prepare() -> Prepared:
        return ca.prepare_card(HOLDER, next(card_keys), SystemClock().now())

    async def issue() -> bytes:
        return await ca.sign(prepare().tbs)

    await issue()
    raw, issued, kept = [], [], []
    with tempfile.TemporaryDirectory() as folder, stored(Path(folder)) as store:
        for _ in range(rounds):
            raw.append(await asyncio.to_thread(raw_rate, place.key, seconds))
            issued.append(await issuing_rate(issue, seconds))
            kept.append(await issuing_rate(lambda: issue_stored(ca, store, prepare), seconds))
    name = f"issuing_hsm_{key_type.value}"
    return {name: against(raw, issued), f"{name}_with_store": against(raw, kept)}


def against(raw: list[float], issued: list[float]) -> dict[str, float]:
    """Certificates as a share of the bare signatures of the same round."""
    ratios = [each / own for each, own in zip(issued, raw, strict=True)]
    return {
        "ratio": round(median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
        "n": len(ratios),
        "issued_per_second": round(median(issued), 1),
        "raw_signatures_per_second": round(median(raw), 1),
    }


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop of the server: uvloop where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 -- an extra
    except ImportError:
        return None
    return uvloop.new_event_loop


def main(description: str | None) -> int:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--key", choices=sorted(KEY_TYPES), default="rsa-2048")
    asked = parser.parse_args()
    key_type = KEY_TYPES[asked.key]
    rounds, seconds = (3, 1.0) if asked.quick else (7, 5.0)
    with softhsm_token(key_type) as place, asyncio.Runner(loop_factory=loop_factory()) as runner:
        found = runner.run(measure(place, key_type, rounds=rounds, seconds=seconds))
    print(json.dumps(found, indent=None if asked.json else 2))
    return 0
