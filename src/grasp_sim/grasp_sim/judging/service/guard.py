"""What stands between the network and the service: who may ask, how much, and what browsers may do with answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException
from fastapi.responses import JSONResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
"""An ASGI application."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
FORM = 4096
"""Bytes that a request's body may be larger than the file in it."""
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses bodies that are too large while they are read, foreign host names, and other sites' requests.

    A page of another site that the user's browser shows could otherwise send uploads here (its Origin tells),
    or read results by a name that it lets point to this machine (the Host tells).
    """

    def __init__(self, app: Application, *, upload: int, hosts: tuple[str, ...] | None, policy: str) -> None:
        """Stand before an application.

        Args:
            app: The application.
            upload: Greatest size of a file, bytes.
            hosts: Names by which the service may be called; any if None.
            policy: Content-Security-Policy of every answer.
        """
        self._app = app
        self._upload = upload
        self._largest = upload + FORM
        self._hosts = hosts
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        self._uncached = [*self._headers, (b"cache-control", b"no-store")]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._largest:
                raise HTTPException(413, self._too_large())
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                added = self._headers if any(name == b"cache-control" for name, _ in given) else self._uncached
                message = {**message, "headers": [*given, *added]}
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], headers)
        await (refusal or self._app)(scope, limited, marked)

    def _refusal(self, method: str, headers: dict[str, str]) -> JSONResponse | None:
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            return JSONResponse({"detail": f"this service is not called '{host}'"}, 400)
        origin = headers.get("origin")
        if method not in SAFE and origin is not None and origin.partition("://")[2] != host:
            return JSONResponse({"detail": "requests of other sites are refused"}, 403)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._largest:
            return JSONResponse({"detail": self._too_large()}, 413, headers={"Connection": "close"})
        return None

    def _too_large(self) -> str:
        return f"the upload is larger than {self._upload / 1e6:g} MB"


def _name(host: str) -> str | None:
    """The name in a Host header, without a port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
