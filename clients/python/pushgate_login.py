"""A login by phone for scripts that other systems start: settings from a file, ask, wait, take.

It stands beside pushgate.py; pushgate-login (deploy/pam_exec) and pushgate-verify (deploy/openvpn) use it. Standard
library only, Python 3.9 or later.
"""

from __future__ import annotations

import configparser
import os
import re
import secrets
import signal
import socket
import ssl
import stat
import syslog
import time
from dataclasses import dataclass, fields
from typing import Any, Callable, Optional, Sequence

from pushgate import Problem, Pushgate

__all__ = ["Login", "Refused", "Settings", "read_settings", "succeeds"]


class Refused(Exception):
    """The user is not let in. The message is for the system log."""


@dataclass(frozen=True)
class Settings:
    """The settings of a script; docs are in the README of its folder."""

    url: str
    key_file: str
    mode: str
    wait: int = 45
    timeout: int = 5
    realm: Optional[str] = None
    ca_file: Optional[str] = None
    return_url: Optional[str] = None
    user: str = "username"


def read_settings(path: str, modes: Sequence[str], section: str = "") -> Settings:
    """Reads the section of this name, or `[default]` if there is none. Raises Refused for what is missing or unknown."""
    parser = configparser.ConfigParser(interpolation=None, default_section="default")
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    given: dict[str, Any] = dict(parser[section] if parser.has_section(section) else parser.defaults())
    unknown = given.keys() - {field.name for field in fields(Settings)}
    missing = {"url", "key_file", "mode"} - given.keys()
    if unknown or missing:
        raise Refused(f"{path}: unknown: {sorted(unknown)}, missing: {sorted(missing)}")
    for name, least, most in (("wait", 10, 600), ("timeout", 1, 30)):
        if name in given:
            if not given[name].isdecimal() or not least <= int(given[name]) <= most:
                raise Refused(f"{path}: {name} is a number of seconds from {least} to {most}")
            given[name] = int(given[name])
    if given["mode"] not in modes:
        raise Refused(f"{path}: mode is one of {', '.join(modes)}")
    if not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", given["url"]):
        raise Refused(f"{path}: url begins with https://; plain http is for this machine only")
    return Settings(**given)


def _key(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & stat.S_IRWXO:
            raise Refused(f"{path}: every user of this machine can read the key (chmod o= {path})")
        key = file.read().strip()
    # An error of the HTTP library would quote a header that it cannot send.
    if not re.fullmatch("[!-~]+", key):
        raise Refused(f"{path}: a key is one word")
    return key


def _shown(text: str) -> str:
    """A text from strangers, without what a phone must not show."""
    return "".join(each if each.isprintable() else "?" for each in text)[:64]


class Login:
    """One login of one user: `ask`, then `take`, which returns only after the approval was consumed."""

    def __init__(self, settings: Settings, user: str) -> None:
        if not user:
            raise Refused("there is no user name")
        self._settings = settings
        self._user = user
        self._binding = secrets.token_urlsafe(16)
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else None
        self._gateway = Pushgate(settings.url, key=_key(settings.key_file), timeout=settings.timeout, context=context)
        self._state: dict[str, Any] = {}
        self._until = 0.0

    def ask(self, what: str, source: str, **more: Any) -> dict[str, Any]:
        """Asks the user's phones. `what`: the service to log in to, `source`: where from. Returns the challenge."""
        wait, realm = self._settings.wait, self._settings.realm
        self._until = time.monotonic() + wait
        self._limit()
        self._state = self._gateway.create_challenge(
            user=self._user,
            title=_shown(socket.gethostname()),
            text=f"Log in: {_shown(what)}?",
            binding=self._binding,
            validitySeconds=wait,
            **({"realm": realm} if realm else {}),
            **({"context": {"From": _shown(source)}} if _shown(source).strip() else {}),
            **more,
        )
        return self._state

    def take(self) -> None:
        """Waits for the phone, at most `wait` seconds after `ask`, and consumes the approval. Raises unless all went well."""
        self._limit()
        identity = self._state["id"]
        while self._state["status"] == "pending":
            begun = time.monotonic()
            left = int(self._until - begun)
            if left < 1:
                raise Refused("no answer in time")
            self._state = self._gateway.challenge(identity, wait=min(25, left))
            if self._state["status"] == "pending":
                time.sleep(max(0.0, begun + 1 - time.monotonic()))
        if self._state["status"] != "accepted":
            raise Refused(self._state["status"])
        self._gateway.consume_challenge(identity, binding=self._binding)

    def _limit(self) -> None:
        # The timeouts of the client are for each read; a far side that sends byte by byte needs a limit for the whole.
        signal.alarm(self._settings.wait + 3 * self._settings.timeout)


def _too_late(*_: Any) -> None:
    raise Refused("took too long")


def succeeds(program: str, action: Callable[[], None]) -> bool:
    """Whether `action` returned, within 30 seconds unless a Login extends that. Writes every other end to the system log."""
    syslog.openlog(program, syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(30)
    try:
        action()
        return True
    except Problem as problem:
        syslog.syslog(syslog.LOG_NOTICE, ascii(f"refused: {problem.type} {problem.members.get('reason', '')}: {problem}"))
    except Exception as error:
        syslog.syslog(syslog.LOG_NOTICE, ascii(f"refused: {type(error).__name__}: {error}"))
    finally:
        signal.alarm(0)
    return False
