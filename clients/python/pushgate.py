"""A client for pushgate's REST interface: ask a user's phone for an approval, wait for the answer, take it once.

One file, standard library only, Python 3.9 or later. See docs/rest.md for the interface.

    gateway = Pushgate("https://mfa.example.org/rest", key=os.environ["PUSHGATE_KEY"])
    challenge = gateway.create_challenge(user="alice", text="Send 100 EUR to Bob?", binding=session_id)
    show(challenge["number"])
    if gateway.wait_for_challenge(challenge["id"])["status"] == "accepted":
        gateway.consume_challenge(challenge["id"], binding=session_id)  # raises Problem unless the user approved
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

__all__ = ["Pushgate", "Problem", "Unreachable", "WrongSignature", "verify_web_hook"]

_ENDED = {"accepted", "declined", "locked", "withdrawn", "consumed", "expired"}
_LONGEST_REPLY = 1_048_576
_BROKEN = (OSError, http.client.HTTPException, ValueError)
"""What reading a reply raises when the connection breaks, or when a proxy answers with something else."""


class Problem(Exception):
    """A refusal of the gateway (RFC 9457). `type` is stable; the message is for people."""

    def __init__(self, status: int, members: Mapping[str, Any], retry_after: Optional[int] = None) -> None:
        super().__init__(members.get("detail") or members.get("title") or f"HTTP {status}")
        self.status = status
        self.type = str(members.get("type", "")).removeprefix("urn:pushgate:problem:")
        self.errors: Sequence[Mapping[str, str]] = members.get("errors", [])
        self.members = dict(members)
        self.retry_after = retry_after
        """Seconds after which a repetition may succeed, if the gateway says so."""


class Unreachable(Exception):
    """No reply of the gateway, or a broken one. A request with an idempotency key can safely be sent again."""


class WrongSignature(Exception):
    """A web hook that is not from the gateway, or too old."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The gateway never redirects, and a redirect would carry the key elsewhere."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


class Pushgate:
    """The gateway at a URL: the path of its rest mount, without /v1."""

    def __init__(self, url: str, key: Optional[str] = None, timeout: float = 10, context: Optional[ssl.SSLContext] = None) -> None:
        """`context`: for a private CA, or a client certificate in place of a key."""
        self._url = url.rstrip("/")
        self._headers = {"accept": "application/json"}
        if key is not None:
            self._headers["authorization"] = f"Bearer {key}"
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def create_challenge(self, *, idempotency_key: Optional[str] = None, **request: Any) -> dict[str, Any]:
        """Asks the phones of `user` (or one push token: `serial`). Other fields as in docs/rest.md."""
        headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
        return self._call("POST", "/v1/challenges", request, headers)

    def challenge(self, challenge_id: str, wait: int = 0) -> dict[str, Any]:
        """The state of a challenge; with `wait`, after its next change or so many seconds."""
        path = f"/v1/challenges/{_segment(challenge_id)}" + (f"?wait={wait}" if wait else "")
        return self._call("GET", path, timeout=self._timeout + wait)

    def watch_challenge(self, challenge_id: str) -> Iterator[dict[str, Any]]:
        """The states of a challenge as they come, until the last one: by server-sent events, else by long polls."""
        state: dict[str, Any] = {}
        try:
            for state in self._events(f"/v1/challenges/{_segment(challenge_id)}/events"):
                yield state
                if state["status"] in _ENDED:
                    return
        except Problem as problem:
            if problem.status not in (404, 405, 406, 429):
                raise
        except Unreachable:
            pass
        yield from self._polled(challenge_id, state)

    def wait_for_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Waits until the phone has answered, a code is to be typed, or the challenge is over. Returns that state."""
        for state in self.watch_challenge(challenge_id):
            if state["status"] != "pending":
                return state
        raise Unreachable("the gateway closed the stream")

    def consume_challenge(self, challenge_id: str, *, binding: Optional[str] = None, code: Optional[str] = None) -> dict[str, Any]:
        """Takes an accepted challenge. Succeeds exactly once; raises Problem in every other case."""
        request = {name: value for name, value in (("binding", binding), ("code", code)) if value is not None}
        return self._call("POST", f"/v1/challenges/{_segment(challenge_id)}/consume", request)

    def cancel_challenge(self, challenge_id: str) -> dict[str, Any]:
        """Withdraws a challenge."""
        return self._call("POST", f"/v1/challenges/{_segment(challenge_id)}/cancel", {})

    def _polled(self, challenge_id: str, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        first = True
        while True:
            state = self.challenge(challenge_id, 0 if first else 25)
            first = False
            if state != known:
                yield state
            known = state
            if state["status"] in _ENDED:
                return

    def _events(self, path: str) -> Iterator[dict[str, Any]]:
        # The gateway sends a comment every 15 seconds.
        with self._send("GET", path, None, {"accept": "text/event-stream"}, 45) as reply:
            data: list[str] = []
            try:
                for raw in reply:
                    line = raw.decode("utf-8").rstrip("\r\n")
                    if line.startswith("data:"):
                        data.append(line[5:].removeprefix(" "))
                    elif line == "" and data:
                        yield json.loads("\n".join(data))
                        data = []
            except _BROKEN as error:
                raise Unreachable(str(error)) from error

    def _call(
        self, method: str, path: str, body: Any = None, headers: Optional[Mapping[str, str]] = None, timeout: Optional[float] = None
    ) -> dict[str, Any]:
        with self._send(method, path, body, headers or {}, timeout or self._timeout) as reply:
            try:
                return json.loads(reply.read(_LONGEST_REPLY))
            except _BROKEN as error:
                raise Unreachable(str(error)) from error

    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str], timeout: float) -> Any:
        data = None if body is None else json.dumps(body).encode("utf-8")
        typed = {} if data is None else {"content-type": "application/json"}
        request = urllib.request.Request(self._url + path, data, {**self._headers, **typed, **headers}, method=method)
        try:
            return self._opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as refusal:
            with refusal:
                retry = refusal.headers.get("retry-after", "")
                raise Problem(refusal.code, _members(refusal), int(retry) if retry.isdigit() else None) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error)) from error


def _members(refusal: urllib.error.HTTPError) -> Mapping[str, Any]:
    try:
        members = json.loads(refusal.read(_LONGEST_REPLY))
    except _BROKEN:
        return {}
    return members if isinstance(members, dict) else {}


def _segment(challenge_id: str) -> str:
    return urllib.parse.quote(challenge_id, safe="")


def verify_web_hook(
    secrets: Union[str, Sequence[str]], headers: Mapping[str, str], body: bytes, *, tolerance: int = 300, now: Optional[float] = None
) -> dict[str, Any]:
    """The event of a web hook, if one of these secrets (`whsec_…`) signed it within `tolerance` seconds.

    Raises WrongSignature otherwise. `body` are the bytes as received. Ed25519 needs another library. A hook may come
    more than once: keep its `webhook-id`.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    sent, stamp, signatures = (lower.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    moment = time.time() if now is None else now
    if not stamp.isdigit() or abs(moment - int(stamp)) > tolerance:
        raise WrongSignature("the timestamp is missing or too far away")
    signed = f"{sent}.{stamp}.".encode("utf-8") + body
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        expected = b"v1," + base64.b64encode(hmac.new(_secret_bytes(secret), signed, hashlib.sha256).digest())
        if any(hmac.compare_digest(expected, each.encode("utf-8")) for each in signatures.split(" ")):
            return json.loads(body)
    raise WrongSignature("no signature fits")


def _secret_bytes(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a secret has the form whsec_ and base64") from None
