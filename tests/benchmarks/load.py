"""A load of prepared HTTP requests from a few connections that stay open: raw sockets, so that the client costs little."""

import socket
import statistics
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """Answers per second, and the 50th and 99th percentile of their time in milliseconds."""

    per_second: float
    p50: float
    p99: float


def _answer(stream: socket.socket, buffer: bytearray) -> bytes:
    while b"\r\n\r\n" not in buffer:
        data = stream.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        buffer += data
    head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(rest) < length:
        rest += stream.recv(65536)
    buffer.clear()
    buffer += rest[length:]
    return head


def fire(port: int, requests: list[bytes], *, connections: int = 8) -> Load:
    """Send every request once, over `connections` connections; raises when one is not answered with 200."""
    times: list[float] = []
    errors: list[str] = []
    waiting = iter(requests)
    lock = threading.Lock()

    def work() -> None:
        stream = socket.create_connection(("127.0.0.1", port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = bytearray()
        while True:
            with lock:
                request = next(waiting, None)
            if request is None or errors:
                return
            started = time.perf_counter()
            stream.sendall(request)
            head = _answer(stream, buffer)
            times.append((time.perf_counter() - started) * 1000)
            if b" 200 " not in head.split(b"\r\n")[0] + b" ":
                errors.append(head.decode()[:300])

    threads = [threading.Thread(target=work) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if errors or len(times) != len(requests):
        raise RuntimeError(errors[0] if errors else f"{len(times)} of {len(requests)} answered")
    cuts = statistics.quantiles(times, n=100)
    return Load(len(requests) / seconds, cuts[49], cuts[98])
