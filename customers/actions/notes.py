"""Notes that colleagues leave on a customer."""

from datetime import datetime

from customers.models import CustomerNote


def write(customer_id: int, text: str, *, user_id: int, at: datetime) -> CustomerNote:
    """Keep a note."""
    return CustomerNote.objects.create(customer_id=customer_id, text=text, author_id=user_id, created_at=at)


def remove(note_id: int, *, customer_id: int, user_id: int) -> bool:
    """Take one's own note away; False when it is somebody else's or gone."""
    gone, _models = CustomerNote.objects.filter(pk=note_id, customer_id=customer_id, author_id=user_id).delete()
    return bool(gone)
