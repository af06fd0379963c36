"""Writing the audit log."""

from datetime import datetime
from typing import Any

from customers.models import AuditEntry


def note(
    verb: str, *, subject: str, user_id: int | None, at: datetime, address: str = "", detail: dict[str, Any] | None = None
) -> None:
    """Append "who did what": `verb` like "campaign.launched", `subject` the object in words, `detail` without addresses."""
    AuditEntry.objects.create(
        at=at, user_id=user_id, verb=verb, object_label=subject[:200], detail=detail or {}, address=address
    )
