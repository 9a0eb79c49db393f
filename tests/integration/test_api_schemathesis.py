"""Schemathesis asks the running API all that its document allows, and much that it forbids."""

import asyncio
import re
import sys
from pathlib import Path

from issuing.world import Server, Writer

BEYOND_ANY_SCHEMA = "positive_data_acceptance"
"""Rules refuse what has the right form: a used key, a PEM block that is no certificate."""
CERTIFICATE_STAYS = "ignored_auth"
"""It takes headers away, and not the client certificate; who shows nothing gets 401 elsewhere."""
OPTIONS = (
    *("--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "20261122"),
    *("--exclude-checks", f"{BEYOND_ANY_SCHEMA},{CERTIFICATE_STAYS}"),
    *("--warnings", "off", "--no-color"),
)
HOLDERS = """
[[operations]]
include-operation-id = ["orderCard", "certifyCard", "confirmCard"]
headers = {{ Authorization = "Bearer {token}" }}
"""
"""Every other operation is asked with the client certificate of the ZORG-ID team."""


async def test_what_is_answered_is_what_the_document_says(
    server: Server, desk_writer: Writer
) -> None:
    await desk_writer.make()
    folder, tls = server.world.folder, server.world.tls.folder
    written = HOLDERS.format(token=desk_writer.session.token)
    (folder / "schemathesis.toml").write_text(written, "utf-8")
    shown = ("--tls-verify", str(tls / "ca.pem"), "--request-cert", str(tls / "team.pem"))
    made = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{server.url}/v1/openapi.json", *shown, *OPTIONS),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    output = (await made.communicate())[0].decode()
    assert made.returncode == 0, output
    asked = re.search(r"([0-9]+) generated", output)
    assert asked is not None, output
    assert int(asked[1]) > 300, output
