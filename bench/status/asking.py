"""One request at a time over plain HTTP, whatever proxies are set."""

from http import HTTPStatus
from http.client import HTTPConnection


def exchanged(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and body of what a port of loopback answers.

    Raises:
        OSError: nobody is there.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/ocsp-request"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def posted(port: int, path: str, body: bytes) -> bytes:
    """The OCSP response to a POST."""
    status, answered = exchanged(port, "POST", path, body)
    assert status == HTTPStatus.OK, status
    return answered
