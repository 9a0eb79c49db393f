"""The process of a PKCS#11 module: `python -m pki.keys.pkcs11.child LIBRARY SOCKET PARENT`.

Started by `process` alone, one for each module. One thread does everything, in the order of the
requests: python-pkcs11 calls C_Initialize without promising locks, and two threads in one module
crash it (measured with SoftHSM 2.6). It ends when its parent closes the socket or dies.
"""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pki.domain.errors import EnvironmentMissing, SignerUnavailable, ZorgidError
from pki.keys.pkcs11.link import TokenLink
from pki.keys.pkcs11.ports import KeyMissing, Library
from pki.keys.pkcs11.wire import Answer, Event, GivePin, Request, decoded, encoded
from pki.secrecy import end_with_parent, keep_files_private, keep_memory_private


class Tokens:
    """The module's library, and a log-in at each of its tokens that was asked for."""

    def __init__(self, load: Callable[[], Library]) -> None:
        """``load`` is called when the module is first needed, and again when that failed."""
        self._load = load
        self._library: Library | None = None
        self._links: dict[str, TokenLink] = {}
        self._events: list[Event] = []

    def answer(self, request: GivePin | Request[object]) -> Answer:
        """Do what is asked; whatever fails is in the answer."""
        self._events = []
        try:
            outcome = self._done(request)
        except (ZorgidError, KeyMissing) as error:
            return Answer(error=error, events=self._events)
        except Exception as error:  # noqa: BLE001 -- the caller gets it, the process goes on
            why = f"PKCS#11 module failed: {type(error).__name__}"
            return Answer(error=SignerUnavailable(message=why), events=self._events)
        return Answer(outcome=outcome, events=self._events)

    def _done(self, request: GivePin | Request[object]) -> object:
        link = self._link(request.token)
        if isinstance(request, GivePin):
            link.give_pin(request)
            return None
        return link.use(request.run)

    def _link(self, token: str) -> TokenLink:
        if self._library is None:
            self._library = self._load()
        link = self._links.get(token)
        if link is None:
            link = self._links[token] = TokenLink(
                token, library=self._library, restart=self._restart, tell=self._tell
            )
        return link

    def _tell(self, event: Event) -> None:
        self._events.append(event)

    def _restart(self) -> None:
        for link in self._links.values():
            link.forget()
        self._tell(Event(name="restart", token=""))
        if self._library is not None:
            self._library.restart()


def serve(channel: socket.socket, load: Callable[[], Library]) -> None:
    """Answer requests until the other end of the socket is closed."""
    tokens = Tokens(load)
    with channel, channel.makefile("rb") as lines, suppress(OSError):
        for line in lines:
            request = decoded(line)
            channel.sendall(encoded(tokens.answer(request)))  # type: ignore[arg-type] # by its parent


def load_library(path: Path) -> Library:
    """The module in ``path``.

    Raises:
        EnvironmentMissing: python-pkcs11 is not installed.
        ConfigurationInvalid: it is no PKCS#11 module, or it does not start.
    """
    try:
        from pki.keys.pkcs11.library import load  # noqa: PLC0415 -- an extra
    except ImportError:
        raise EnvironmentMissing(
            message="a key in an HSM needs python-pkcs11, which is not installed",
            next_step="install this program with its extra hsm",
        ) from None
    return load(path)


def main() -> None:
    """Serve the one module."""
    library, descriptor, parent = sys.argv[1:]
    keep_files_private()
    keep_memory_private()
    end_with_parent(int(parent))
    # A terminal or a service manager ends whole groups; the parent still has work to finish.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    serve(socket.socket(fileno=int(descriptor)), lambda: load_library(Path(library)))


if __name__ == "__main__":
    main()
