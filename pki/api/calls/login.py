"""Log-ins: asked and collected by a browser, answered by a telephone."""

from pki.api.people.logins import (
    ApproveLoginRequest,
    CollectLoginRequest,
    LoginAskedView,
    LoginCollectedView,
    LoginEndedView,
    LoginRequest,
    LoginView,
    RefuseLoginRequest,
)
from pki.api.transport import Transport, bearer


class LoginCalls(Transport):
    """What browser and telephone do; the browser's client then speaks with the session's token."""

    async def ask_login(self) -> LoginAskedView:
        """Begin a log-in: show its QR code and its number, keep its secret."""
        return await self._post("/v1/logins", LoginRequest(), LoginAskedView)

    async def collect_login(self, asked: LoginAskedView) -> LoginCollectedView:
        """Ask what became of it, at most once a second; the session comes once."""
        body = CollectLoginRequest(login_id=asked.login_id, secret=asked.secret)
        return await self._post("/v1/logins/collect", body, LoginCollectedView)

    async def end_login(self, token: str) -> LoginEndedView:
        """Log out."""
        path = "/v1/logins/session"
        return await self._call("DELETE", path, LoginEndedView, headers=bearer(token))

    async def login(self, code: str) -> LoginView:
        """Read what a browser asks to be let in to (the telephone)."""
        return await self._call("GET", f"/v1/logins/{code}", LoginView)

    async def approve_login(self, code: str, number: str) -> LoginView:
        """Let it in; ``number`` is what it shows (the telephone)."""
        body = ApproveLoginRequest(number=number)
        return await self._post(f"/v1/logins/{code}/approve", body, LoginView)

    async def refuse_login(self, code: str) -> LoginView:
        """Do not let it in (the telephone)."""
        return await self._post(f"/v1/logins/{code}/refuse", RefuseLoginRequest(), LoginView)
