"""Spans of a process, where the configuration asks for them; loaded by nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from pki.domain.errors import EnvironmentMissing
from server.metering.tracing_settings import TracingSettings
from server.process.roles import Role
from server.settings import Settings

_DISTRIBUTION: Final = "zorgid-token-ca"


@asynccontextmanager
async def traced(
    settings: Settings, tracing: TracingSettings, roles: Iterable[Role]
) -> AsyncIterator[None]:
    """While the block runs, lines of the log that say what was done are spans as well.

    Raises:
        EnvironmentMissing: OpenTelemetry is not installed.
    """
    try:
        from pki.telemetry.spans import Collector, exporting
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(
            message="OpenTelemetry is not installed",
            next_step="install zorgid-token-ca[otel], or take [tracing] out",
        ) from error
    collector = Collector(endpoint=tracing.endpoint, ca_file=tracing.ca_file, ratio=tracing.ratio)
    resource = {
        "service.name": _DISTRIBUTION,
        "service.version": version(_DISTRIBUTION),
        "deployment.environment.name": settings.installation.kind,
        "zorgid.roles": ",".join(sorted(role.value for role in roles)),
    }
    handler, root = exporting(collector, resource), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        await asyncio.to_thread(handler.shut)
