"""Fields that metrics offers to segments, lists and exports."""

from collections.abc import Callable

from django.db.models import BigIntegerField, ExpressionWrapper, F, Model, QuerySet

from customers.ports.fields import Field, FieldType, register
from metrics.enums import RfmClass
from metrics.models import RfmScore


def _scores() -> QuerySet[Model]:
    return RfmScore.objects.all()


def _averages() -> QuerySet[Model]:
    """Buyers with the average value of their orders, net of refunds, to the nearest minor unit."""
    average = (F("revenue_minor") * 2 + F("order_count")) / (F("order_count") * 2)
    rows = RfmScore.objects.filter(order_count__gt=0)
    return rows.annotate(average=ExpressionWrapper(average, output_field=BigIntegerField()))


def _classes() -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in RfmClass.choices]


def register_all() -> None:
    """RFM group, the three scores and the cell they make (555 is best), place by spend, value so far, average order.

    All of them are as of the last night's scoring; a customer without an order that counts has none.
    """
    rows: Callable[[], QuerySet[Model]] = _scores
    register(Field("metrics.rfm", "RFM group", "Value", FieldType.CHOICE, rows, "customer_id", "rfm_class", None, _classes))
    for key, label in (("r", "recency"), ("f", "frequency"), ("m", "money")):
        register(
            Field(f"metrics.rfm_{key}", f"RFM {label} score (1-5)", "Value", FieldType.NUMBER, rows, "customer_id", key)
        )
    register(Field("metrics.rfm_cell", "RFM cell (111-555)", "Value", FieldType.NUMBER, rows, "customer_id", "cell"))
    register(
        Field("metrics.spend_percentile", "Place by spend (100 is top)", "Value", FieldType.NUMBER, rows, "customer_id",
              "spend_percentile")
    )  # fmt: skip
    register(
        Field(
            "metrics.revenue_net",
            "Value so far",
            "Value",
            FieldType.MONEY,
            rows,
            "customer_id",
            "revenue_minor",
            0,
        )
    )
    register(Field("metrics.average_order", "Average order", "Value", FieldType.MONEY, _averages, "customer_id", "average"))
