"""A worker's own start: `python -m server.workers.main NUMBER CONFIG CHANNEL OWN OTHERS`.

All but the first two are descriptors it inherits from its supervisor, which alone starts it.
"""

import logging
import socket
import sys
from pathlib import Path
from typing import Final

from pki.domain.errors import ZorgidError
from pki.telemetry.logs import configure_logging
from server.process.place import Place
from server.process.roles import Role
from server.process.serve import run_until_signalled
from server.report import show_defect, show_error
from server.restored import refuse_unconfirmed
from server.settings import load
from server.workers.channel import WorkerEnd

GRACE_SECONDS: Final = 5.0
"""An ending worker lets its connections ask once more for so long: then they go to another."""

_log = logging.getLogger("server.workers.main")


def work(number: int, config: Path, place: Place) -> int:
    """Be a worker until the supervisor ends it or is gone.

    Raises:
        ZorgidError: the configuration, a key or the store cannot be used.
    """
    settings = load(config)
    configure_logging(settings.log_level)
    refuse_unconfirmed(settings)
    _log.info("a worker starts", extra={"worker": number})
    run_until_signalled(settings, frozenset({Role.STATUS}), place)
    return 0


def main() -> int:
    """Give the exit code."""
    number, config, *descriptors = sys.argv[1:]
    channel, own, *others = (socket.socket(fileno=int(each)) for each in descriptors)
    place = Place(
        listening=own,
        neighbours=others,
        health=WorkerEnd(channel=channel),
        grace_seconds=GRACE_SECONDS,
    )
    try:
        return work(int(number), Path(config), place)
    except ZorgidError as error:
        return show_error(error, as_json=False)
    except Exception as error:  # noqa: BLE001 -- Python would print its text into the log
        return show_defect(error, as_json=False)


if __name__ == "__main__":
    sys.exit(main())
