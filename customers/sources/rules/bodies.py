"""From the bytes of a webhook to values that every database can keep."""

import hashlib
import json
import math
from typing import Any

DEEPEST = 60


class NotReadable(ValueError):
    """The body is not a JSON object."""


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, without what PostgreSQL cannot keep: NUL, half surrogates, NaN. Raises `NotReadable`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotReadable("It is not JSON.") from error
    if not isinstance(found, dict):
        raise NotReadable("It is JSON, but not an object.")
    return {clean(str(name), 1): clean(value, 1) for name, value in found.items()}


def clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**30:
        return str(value)[:100] if abs(value) < 10**200 else None
    if isinstance(value, dict):
        if depth > DEEPEST:
            raise NotReadable("It is nested too deeply.")
        return {clean(str(name)): clean(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        if depth > DEEPEST:
            raise NotReadable("It is nested too deeply.")
        return [clean(item, depth + 1) for item in value]
    return value


def unread(body: bytes) -> dict[str, Any]:
    """How a body that is not readable is kept, so that nothing is lost."""
    text = body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return {"unreadable_body": text[:100_000]}


def digest(payload: Any) -> str:
    """A fingerprint of contents: the same payload gives the same, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
