"""The bytes of a request to the messages in it. Whatever comes, the answer is a list or a `BadBody` in words."""

import json
import zlib
from typing import Any

import orjson

MAX_BYTES = 500 * 1024
MAX_MESSAGES = 2_500


class BadBody(Exception):
    """The request as a whole is not taken: the status and headers to answer with, and what is wrong."""

    def __init__(self, status: int, code: str, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.code, self.reason, self.headers = status, code, reason, headers


TOO_LARGE = f"The body is larger than {MAX_BYTES // 1024} kB unpacked. Send fewer messages at once."


def unpack(body: bytes, encoding: str) -> bytes:
    """The body without gzip, which is recognised by its first bytes too. Never unpacks more than `MAX_BYTES`."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise BadBody(415, "unknown_encoding", "Send the body as it is or packed with gzip.")
    if body[:2] == b"\x1f\x8b":
        reader = zlib.decompressobj(31)
        try:
            body = reader.decompress(body, MAX_BYTES + 1)
        except zlib.error:
            raise BadBody(400, "bad_gzip", "The gzip data is damaged.") from None
        if len(body) <= MAX_BYTES and not reader.eof:
            raise BadBody(400, "bad_gzip", "The gzip data is cut off.")
    elif encoding in ("gzip", "x-gzip"):
        raise BadBody(400, "bad_gzip", "Content-Encoding says gzip, but the body is not packed.")
    if len(body) > MAX_BYTES:
        raise BadBody(413, "too_large", TOO_LARGE)
    return body


def parse(body: bytes) -> tuple[Any, bool]:
    """The JSON of a body, and whether its texts and numbers are known to be sound.

    orjson refuses NaN, numbers beyond a double and lone surrogates, but then the whole body: the second reader lets the
    good messages of such a body through, and each message is looked at in depth.
    """
    try:
        return orjson.loads(body), b"\\u0000" not in body
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(body), False
        except RecursionError:
            raise BadBody(400, "bad_json", "The JSON is nested too deeply.") from None
        except ValueError:
            raise BadBody(400, "bad_json", f"The body is not JSON: {error}."[:300]) from None


def messages(content: Any, *, is_batch: bool) -> list[Any]:
    """The messages of a request's JSON: the `batch` list, or the one object."""
    if not isinstance(content, dict):
        raise BadBody(400, "bad_json", "The body must be a JSON object.")
    if not is_batch:
        return [content]
    found = content.get("batch")
    if not isinstance(found, list):
        raise BadBody(400, "bad_json", "The body must hold the list “batch”.")
    if len(found) > MAX_MESSAGES:
        raise BadBody(413, "too_large", f"A batch holds at most {MAX_MESSAGES:,} messages.")
    return found
