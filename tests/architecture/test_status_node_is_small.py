"""A status node answers; it loads nothing that issues, publishes or writes."""

import subprocess
import sys

import pytest

from installed.practice import Practice
from server.demo.telling.tools import environment

ASSEMBLE = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path

import server.roles.enrolment
import server.roles.status
from pki.ports import SystemClock, SystemEntropy
from server.process.roles import Role
from server.process.run import Process
from server.process.serve import serve_forever
from server.settings import load

async def assemble():
    async with AsyncExitStack() as stack:
        process = Process(load(Path(sys.argv[1])), stack, SystemClock(), SystemEntropy())
        await process.assemble(frozenset(Role(name) for name in sys.argv[2].split(",")))
        assert len(process.runners) > 1

asyncio.run(assemble())
print("\\n".join(sys.modules))
"""
ABSENT = {
    "alembic",
    "ca",
    "card_writer",
    "issuance",
    "ldap3",
    "ldap_publish",
    "pki.store.migrate",
    "pki.store.write_session",
    "pki.store.writing",
    "server.initialise",
    "server.roles.issuance",
    "server.roles.issuance_desk",
    "server.roles.publisher",
    "server.roles.write_ports",
}


def loaded(practice: Practice, roles: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASSEMBLE, str(practice.config), roles],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_a_status_node_loads_no_issuing_and_no_writing(practice: Practice) -> None:
    assert loaded(practice, "status") & ABSENT == set()


@pytest.mark.slapd
def test_the_names_are_those_of_the_other_roles(practice: Practice) -> None:
    practice.change(('mode = "off"', 'mode = "private"'))
    everything = loaded(practice, "issuance,status,publisher")
    assert ABSENT - everything == {
        "alembic",
        "card_writer",
        "pki.store.migrate",
        "server.initialise",
    }
