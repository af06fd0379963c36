"""The one HTTP client that calls out: GET over https to few fixed hosts, guarded against being sent elsewhere (SSRF).

1. Only https, port 443, and a host that the caller names; never a redirect, never a proxy of the environment.
2. The name is resolved once, every address must be a public one, and the connection goes to that very address (with the
   name in SNI, certificate check and Host), so that a second answer of the name server changes nothing.
3. 10 seconds for each step, 60 for all, and a cap on the bytes.
"""

import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 10
LONGEST_SECONDS = 60
MOST_BYTES = 20_000_000
CHUNK = 65_536
# Ranges that lead to other addresses or are not what they seem, although Python calls them global.
TRANSLATED = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "2002::/16", "2001::/32", "192.88.99.0/24"))
Resolve = Callable[[str], list[str]]
Connect = Callable[[str, str], socket.socket]


class NotAllowed(OSError):
    """The address may not be called; nothing was sent."""


class TooLarge(OSError):
    """The answer is larger than any real one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip.ipv4_mapped is not None):
        return False  # written in another form, or good for one interface only
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return False  # fec0::/10, once the private addresses of IPv6: routers inside may still know them
    if any(ip.version == net.version and ip in net for net in TRANSLATED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local)


def resolve(host: str) -> list[str]:
    """All addresses of a name."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


def connect(address: str, host: str) -> socket.socket:
    """A TLS connection to one address, whose certificate must be that of the host."""
    plain = socket.create_connection((address, 443), timeout=SECONDS)
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


class Client:
    """`get(host, path, headers)` for hosts that pass `allows`. `resolve` and `connect` are replaced in tests only."""

    def __init__(self, allows: Callable[[str], bool], *, resolve: Resolve = resolve, connect: Connect = connect) -> None:
        self._allows, self._resolve, self._connect = allows, resolve, connect

    def get(self, host: str, path: str, headers: Mapping[str, str]) -> Answer:
        """The answer of `https://host/path`. Raises `NotAllowed`, `TooLarge`, `OSError` and `http.client.HTTPException`."""
        if not self._allows(host) or not path.startswith("/") or any(character.isspace() for character in path):
            raise NotAllowed(f"{host[:100]} is not a host to call")
        addresses = self._resolve(host)
        if not addresses or not all(is_public(address) for address in addresses):
            raise NotAllowed(f"{host} does not lead to the open Internet")
        talk = http.client.HTTPSConnection(host, timeout=SECONDS)
        talk.sock = self._connect(addresses[0], host)
        try:
            talk.request("GET", path, headers={"Accept": "application/json", "User-Agent": "Perennial", **headers})
            return _read(talk.getresponse())
        finally:
            talk.close()


def _read(response: http.client.HTTPResponse) -> Answer:
    end, parts, size = time.monotonic() + LONGEST_SECONDS, [], 0
    while block := response.read1(CHUNK):
        size += len(block)
        if size > MOST_BYTES:
            raise TooLarge(f"the answer is larger than {MOST_BYTES:,} bytes")
        if time.monotonic() > end:
            raise TimeoutError("the answer took too long")
        parts.append(block)
    if 300 <= response.status < 400:
        raise NotAllowed("the answer sends elsewhere (a redirect), which is never followed")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, b"".join(parts))
