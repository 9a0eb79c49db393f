"""Logs on standard error: one JSON object a line, or readable text when a person looks on."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Final, Literal, TextIO

from pki.domain.errors import ZorgidError
from pki.telemetry.redaction import Shown, hidden, is_secret_name, shown
from pki.telemetry.trace_context import Trace, bind_trace, current_trace, unbind_trace

Level = Literal["debug", "info", "warning", "error"]

_REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
_ORDINARY: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_FRAMES: Final = 12
_OWN_FIELDS: Final = frozenset({"time", "level", "logger", "message", "error"})
_NO_FIELDS: Final = _ORDINARY | _OWN_FIELDS
_JSON: Final = json.JSONEncoder(separators=(",", ":"))
# Controls, line separators and marks that turn the direction of writing.
_UNSAFE: Final = (*range(32), *range(127, 160), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ESCAPES: Final = {code: f"\\u{code:04x}" for code in _UNSAFE}
# Libraries that say on their own initiative what a request held.
_TALKATIVE: Final = ("aiohttp.access", "asyncio", "ldap3", "sqlalchemy.engine")


@contextmanager
def bound_request(request_id: str, traceparent: str | None = None) -> Iterator[None]:
    """Put ``request_id`` on every line that is logged inside, in tasks started inside as well.

    So is ``trace_id`` where the caller sent a ``traceparent`` that can be read.
    """
    token = _REQUEST_ID.set(request_id)
    traced = bind_trace(Trace.of(request_id, traceparent))
    try:
        yield
    finally:
        unbind_trace(traced)
        _REQUEST_ID.reset(token)


def current_request() -> str | None:
    """The id of the request being served, if any."""
    return _REQUEST_ID.get()


def configure_logging(
    level: Level = "info", *, stream: TextIO | None = None, readable: bool | None = None
) -> None:
    """Send every logger's records to ``stream`` (standard error), through redaction.

    ``readable`` None: text when the stream is a terminal, else JSON lines. Replaces handlers that
    were there. Libraries that log what requests hold are heard from `warning` up.
    """
    target = stream or sys.stderr
    as_text = target.isatty() if readable is None else readable
    handler = QuietHandler(target)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class QuietHandler(logging.StreamHandler[TextIO]):
    """Writes lines. A record that cannot be written is counted on the stream, never dumped."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the name is logging's
        """Say that a record was lost; the default would print its arguments."""
        try:
            self.stream.write(f"a log record of {record.name} could not be written\n")
        except (OSError, ValueError):
            return


class JsonFormatter(logging.Formatter):
    """One JSON object: time, level, logger, message, request_id, the record's fields, error."""

    def format(self, record: logging.LogRecord) -> str:
        return _JSON.encode(fields_of(record))


class TextFormatter(logging.Formatter):
    """One line for a person, then the frames of an error."""

    def format(self, record: logging.LogRecord) -> str:
        fields = fields_of(record)
        moment, level = str(fields.pop("time"))[11:23], str(fields.pop("level"))
        logger, message = fields.pop("logger"), str(fields.pop("message"))
        error = fields.pop("error", None)
        rest = " ".join(f"{key}={json.dumps(value)}" for key, value in fields.items())
        line = f"{moment} {level:8} {logger}: {message}  {rest}".rstrip().translate(_ESCAPES)
        if isinstance(error, dict):
            frames = error.pop("frames")
            line += "\n    " + json.dumps(error, ensure_ascii=False)
            if isinstance(frames, list):
                line += "".join(f"\n      {frame}" for frame in frames)
        return line


def fields_of(record: logging.LogRecord) -> dict[str, Shown]:
    """What a record says, redacted."""
    moment = datetime.fromtimestamp(record.created, UTC)
    fields: dict[str, Shown] = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
    }
    request_id = _REQUEST_ID.get()
    if request_id is not None:
        fields["request_id"] = request_id
    trace = current_trace()
    if trace is not None and trace.parent_id is not None:
        fields["trace_id"] = trace.trace_id
    for name, value in vars(record).items():
        if name not in _NO_FIELDS and not is_secret_name(name):
            fields[name] = _explained(value)
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = _error(record.exc_info[1])
    return fields


def _message(record: logging.LogRecord) -> str:
    template = str(_explained(record.msg))
    if not record.args:
        return template
    try:
        if isinstance(record.args, dict):
            return template % shown(record.args)
        return template % tuple(_explained(each) for each in record.args)
    except (TypeError, ValueError, KeyError):
        return f"{template} (with arguments that do not fit)"


def _explained(value: object) -> Shown:
    """As `shown`, and the text of errors whose text is known to hold nothing secret."""
    if isinstance(value, BaseException):
        return _safe_text(value)
    return shown(value)


def _safe_text(error: BaseException) -> str:
    # Messages of libraries may quote what they were given: input, SQL parameters, names.
    if isinstance(error, ZorgidError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return hidden(error)


def _error(error: BaseException) -> dict[str, Shown]:
    frames: list[Shown] = [
        f"{frame.filename}:{frame.lineno} in {frame.name}"
        for frame in extract_tb(error.__traceback__)[-_FRAMES:]
    ]
    described: dict[str, Shown] = {"type": type(error).__name__, "message": _safe_text(error)}
    if isinstance(error, ZorgidError):
        described["code"] = error.code
        described["next_step"] = error.next_step
    cause = error.__cause__
    if cause is not None:
        described["cause"] = {"type": type(cause).__name__, "message": _safe_text(cause)}
    return described | {"frames": frames}
