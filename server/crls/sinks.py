"""The configured sinks, and what follows the journal for each."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

from crl.sinks.folder import FolderSink
from crl.sinks.follower import SinkFollower
from crl.sinks.ports import Place
from pki.domain.errors import EnvironmentMissing
from pki.domain.evidence.checkpoints import SignedCheckpoint
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.ports import Clock
from pki.store.reading import ReadSession, ReadStore
from pki.telemetry.metrics import Reading
from server.checkpoints.publishing import CheckpointPublisher
from server.files import require_private
from server.generation.list_names import served_lists
from server.leases.names import Task
from server.leases.sides import Sides
from server.roles.write_ports import StoreCursors
from server.setting.sinks import CrlBucketSettings
from server.settings import Settings


def configured_sinks(settings: Settings, clock: Clock) -> Iterator[Place]:
    """Each sink that the configuration names; none is reached yet.

    Raises:
        EnvironmentMissing: the library for buckets is not installed.
        ConfigurationInvalid: the credential file may be read by others, or is not there.
    """
    folder, bucket = settings.crl_folder, settings.crl_bucket
    if folder is not None:
        yield FolderSink(folder.path, archive_days=folder.archive_days, clock=clock)
    if bucket is not None:
        yield _bucket(bucket, settings.crl.max_age_seconds)


def _bucket(settings: CrlBucketSettings, max_age: int) -> Place:
    try:
        from crl.sinks.bucket import BucketPlace, BucketSink
        from crl.sinks.bucket_client import Access, connect
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(
            message="the library for S3 buckets is not installed",
            next_step="install zorgid-token-ca[s3], or take [crl_bucket] out",
        ) from error
    if settings.credentials_file is not None:
        require_private(settings.credentials_file, "crl_bucket.credentials_file")
    access = Access(
        endpoint=settings.endpoint,
        region=settings.region,
        path_style=settings.path_style,
        credentials_file=settings.credentials_file,
        ca_file=settings.ca_file,
    )
    place = BucketPlace(
        bucket=settings.bucket,
        prefix=settings.prefix,
        max_age=max_age,
        archive=settings.archive,
        conditional=settings.conditional,
    )
    return BucketSink(connect(access), place)


class StoreArchive:
    """Every CRL that was published, as sinks want to see it."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        return await self._store.read(lambda session: session.latest_crl(issuer))

    async def numbered(self, issuer: IssuerId, number: int) -> PublishedCrl | None:
        """The CRL with this number."""
        return await self._store.read(lambda session: session.crl_numbered(issuer, number))


class StoreCheckpoints:
    """Every checkpoint that was made."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def after(self, at: datetime | None, limit: int) -> Sequence[SignedCheckpoint]:
        """Those made after this moment, the oldest first."""
        return await self._store.read(lambda session: session.checkpoints_after(at, limit))

    async def newest(self) -> SignedCheckpoint | None:
        """The one that was made last."""
        return await self._store.read(ReadSession.latest_checkpoint)


class SinksRole:
    """The part of the publisher that brings CRLs and the journal's checkpoints to sinks.

    A sink that fails shows in metrics, log and doctor, and not in readiness: nobody who asks this
    process is worse off.
    """

    def __init__(
        self,
        settings: Settings,
        sides: Sides,
        *,
        clock: Clock,
    ) -> None:
        """Build it; nothing is started.

        Raises:
            ConfigurationInvalid, EnvironmentMissing: a sink cannot be made.
        """
        sinks = tuple(configured_sinks(settings, clock))
        # Who has no sinks must not keep the task from who has.
        self._bringing = sides.leases.task(Task.SINKS) if sinks else None
        names = {issuer: name for name, issuer in served_lists(settings).items()}
        self.followers = tuple(
            SinkFollower(
                sink,
                names,
                journal=sides.tail,
                archive=StoreArchive(sides.reader),
                cursors=StoreCursors(sides.reader, self._bringing.store),
                clock=clock,
            )
            for sink in sinks
            if self._bringing is not None
        )
        kept = StoreCheckpoints(sides.reader)
        self.checkpoints = tuple(CheckpointPublisher(sink, kept) for sink in sinks)

    async def run(self, stop: asyncio.Event) -> None:
        """Bring CRLs until ``stop``, in its turn; what was begun is done again at the next."""
        if self._bringing is None:
            return
        async with asyncio.TaskGroup() as tasks:
            bringing = tasks.create_task(self._bringing.run(self._bring))
            await stop.wait()
            bringing.cancel()

    def readings(self) -> Iterator[Reading]:
        """How each sink does, where they are served."""
        if self._bringing is None or not self._bringing.held:
            return
        for each in self.followers:
            found, labels = each.statistics(), {"sink": each.name}
            values = {
                "zorgid_crl_sink_up": float(not found.failing),
                "zorgid_crl_sink_waiting": found.waiting,
                "zorgid_crl_sink_oldest_seconds": found.oldest_seconds,
                "zorgid_crl_sink_shown_total": found.shown,
                "zorgid_crl_sink_failures_total": found.failures,
            }
            for name, value in values.items():
                yield Reading(name=name, value=value, labels=labels)
            follower = {"follower": each.cursor}
            yield Reading(name="zorgid_follower_position", value=found.position, labels=follower)
        yield from self._checkpoint_readings()

    def _checkpoint_readings(self) -> Iterator[Reading]:
        for each in self.checkpoints:
            labels = {"sink": each.name}
            up = float(not each.failing)
            yield Reading(name="zorgid_checkpoint_sink_up", value=up, labels=labels)
            if each.shown is not None:
                name, shown = "zorgid_checkpoint_sink_timestamp_seconds", each.shown.timestamp()
                yield Reading(name=name, value=shown, labels=labels)

    async def _bring(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for follower in self.followers:
                tasks.create_task(follower.run())
            for publisher in self.checkpoints:
                tasks.create_task(publisher.run())
