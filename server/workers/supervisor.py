"""Supervises the workers of a status node: starts, replaces and ends them, and speaks for them."""

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pki.domain.errors import ConfigurationInvalid, Unavailable, ZorgidError
from pki.telemetry.metrics import Metrics, Reading
from server.process.announce import ServiceManager
from server.process.health import Check, HealthListener, Probes
from server.process.sockets import bound_together
from server.settings import Settings, load
from server.status_http.door import BACKLOG
from server.workers.merged import merged
from server.workers.slot import Slot
from server.workers.worker import ANSWER_SECONDS, Order

_log: Final = logging.getLogger(__name__)


class Supervisor:
    """Holds the listening sockets, one for each worker, as long as it lives.

    It answers no question of a relying party and opens neither store nor key.
    """

    def __init__(self, config: Path, settings: Settings, count: int) -> None:
        """Take the port.

        Raises:
            Conflict: another program has it.
            ConfigurationInvalid: a setting that cannot serve several processes.
        """
        _refuse_shared_descriptor(settings)
        self._config = config
        self._health = HealthListener(settings.metrics.listen)
        self._sockets = bound_together(settings.status.listen, count)
        self._listen = settings.status.listen
        self.slots = [
            Slot(order=Order(number=number, config=config, sockets=self._sockets))
            for number in range(1, count + 1)
        ]
        self._metrics = Metrics()
        self._metrics.add_source("workers", self)

    async def run(self, stop: asyncio.Event, renew: asyncio.Event) -> int:
        """Supervise until ``stop``; at ``renew`` replace every worker, one after the other.

        Returns:
            0, or the exit code of a first worker that could not start.
        """
        for listening in self._sockets:
            listening.listen(BACKLOG)
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(self._health.serve(self._probes(), stop)),
                    tasks.create_task(ServiceManager(os.environ).run(self._probes(), stop)),
                    tasks.create_task(self._renewing(renew)),
                ]
                running = [tasks.create_task(slot.run(stop)) for slot in self.slots]
                await asyncio.wait(running)
                for each in background:
                    each.cancel()
        finally:
            for listening in self._sockets:
                listening.close()
        return next((slot.failure for slot in self.slots if slot.failure is not None), 0)

    async def _renewing(self, renew: asyncio.Event) -> None:
        while True:
            await renew.wait()
            renew.clear()
            if not self._may_renew():
                continue
            _log.info("workers are replaced, one after the other")
            for slot in self.slots:
                await slot.replace()
            _log.info("all workers were replaced")

    def _may_renew(self) -> bool:
        """Whether new workers could start: the configuration is read anew by each."""
        try:
            settings = load(self._config)
        except ZorgidError as error:
            _log.error(
                "the workers stay as they are: the configuration cannot be used",
                extra={"why": error.message, "next_step": error.next_step},
            )
            return False
        if settings.status.listen != self._listen:
            _log.warning(
                "status.listen changed; it counts from the next start of the supervisor",
                extra={"next_step": "restart the service to move it to the other address"},
            )
        return True

    def readings(self) -> Iterator[Reading]:
        """Fulfil `pki.telemetry.metrics.Source`."""
        ready = sum(slot.worker is not None and slot.worker.ready for slot in self.slots)
        yield Reading(name="zorgid_workers", value=len(self.slots))
        yield Reading(name="zorgid_workers_started", value=ready)
        for slot in self.slots:
            counted = slot.statistics
            outcomes = {
                "crashed": counted.crashed,
                "replaced": counted.replaced,
                "refused": counted.refused,
            }
            for outcome, value in outcomes.items():
                yield Reading(
                    name="zorgid_worker_changes_total", value=value, labels={"outcome": outcome}
                )

    def _probes(self) -> Probes:
        checks = {f"worker-{slot.order.number}": _check(slot) for slot in self.slots}
        return Probes(checks=checks, metrics=self._merged)

    async def _merged(self) -> bytes:
        texts: dict[str, str] = {}
        async with asyncio.TaskGroup() as tasks:
            for slot in self.slots:
                tasks.create_task(_into(texts, slot))
        return merged(self._metrics.expose().decode(), dict(sorted(texts.items())))


def _refuse_shared_descriptor(settings: Settings) -> None:
    """A descriptor is read once, and workers start again and again."""
    token = settings.status.responder_key.pkcs11
    if token is not None and token.pin_fd is not None:
        key = "status.responder_key.pkcs11.pin_fd"
        raise ConfigurationInvalid(
            key=key,
            message=f"setting {key}: several workers cannot read one descriptor",
            next_step="give pin_credential or pin_file, or leave --workers out",
        )


async def _into(texts: dict[str, str], slot: Slot) -> None:
    """Add what a worker counts; one that does not answer is missed, not waited for."""
    try:
        if slot.worker is not None:
            report = await slot.worker.link.report(ANSWER_SECONDS)
            texts[str(slot.order.number)] = report.metrics
    except Unavailable as error:
        _log.warning("no metrics of a worker: %s", error, extra={"worker": slot.order.number})


def _check(slot: Slot) -> Check:
    async def check() -> str | None:
        if slot.worker is None:
            return "it is not started yet"
        try:
            report = await slot.worker.link.report(ANSWER_SECONDS)
        except Unavailable as error:
            return error.message
        return _sentence(report.failing)

    return check


def _sentence(failing: Mapping[str, str]) -> str | None:
    return "; ".join(f"{name}: {why}" for name, why in sorted(failing.items())) or None
