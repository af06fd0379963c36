"""Fields that metrics offers to segments, lists and exports."""

from collections.abc import Callable

from django.db.models import Model, QuerySet

from customers.ports.fields import Field, FieldType, register
from metrics.enums import RfmClass
from metrics.models import RfmScore


def _scores() -> QuerySet[Model]:
    return RfmScore.objects.all()


def _classes() -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in RfmClass.choices]


def register_all() -> None:
    """RFM group, the three scores, and the cell they make (555 is best)."""
    rows: Callable[[], QuerySet[Model]] = _scores
    register(Field("metrics.rfm", "RFM group", "Value", FieldType.CHOICE, rows, "customer_id", "rfm_class", None, _classes))
    for key, label in (("r", "recency"), ("f", "frequency"), ("m", "money")):
        register(
            Field(f"metrics.rfm_{key}", f"RFM {label} score (1-5)", "Value", FieldType.NUMBER, rows, "customer_id", key)
        )
    register(Field("metrics.rfm_cell", "RFM cell (111-555)", "Value", FieldType.NUMBER, rows, "customer_id", "cell"))
