"""The roll-up on real data: the figures of Online Retail with its original dates, computed elsewhere and held here."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Count, Sum

from config.kit.clock import zone
from customers.ports import samples
from metrics.actions import catch_up
from metrics.actions.score_rfm import score_rfm
from metrics.models import CohortCell, DailyFact, MonthlyFact, RfmScore
from metrics.queries import figures
from metrics.rules.commerce import ChurnMonth, aov, repeat_rate

pytestmark = pytest.mark.django_db
LONDON = zone("Europe/London")
FIRST, LAST = date(2010, 12, 1), date(2011, 12, 9)
AT = datetime(2011, 12, 10, 3, tzinfo=UTC)


def load():
    """The sample company's orders by the product's own import, with their original dates."""
    story = samples.Story(at=AT, shift=timedelta(), seed=1, progress=lambda label, done: None)
    for key in ("customers.brand", "customers.people", "customers.orders"):
        samples.get(key).build(story)


@pytest.fixture(scope="module", autouse=True)
def rolled_up(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        catch_up.backfill(first=FIRST, last=LAST, at=AT)
        score_rfm(day=LAST)
        connection.check_constraints()  # once here, not again at the end of each test
        yield
        transaction.set_rollback(True)


def total(metric, first=FIRST, last=LAST):
    found = DailyFact.objects.filter(metric=metric, dimension="", day__range=(first, last))
    return found.aggregate(total=Sum("numerator"))["total"]


def monthly(metric):
    return dict(MonthlyFact.objects.filter(metric=metric).values_list("month", "numerator"))


def test_orders_revenue_and_refunds_equal_the_reference():
    assert total("orders") == 18_532
    assert total("revenue") == 891_140_790
    assert total("refunds") == 61_134_209
    assert round(aov(total("revenue"), total("orders")) / 100, 6) == 480.865956


def test_customers_and_repeat_rate_equal_the_reference():
    assert total("new_customers") == 4_338
    assert total("repeat_customers") == 2_845
    assert round(100 * repeat_rate(total("repeat_customers"), total("new_customers")), 4) == 65.5832


REFERENCE_MONTHS = """
2010-12 1400/885/885/572713.89; 2011-01 987/741/417/569445.04; 2011-02 997/758/380/447137.35;
2011-03 1321/974/452/595500.76;
2011-04 1149/856/300/469200.36; 2011-05 1555/1056/284/678594.56; 2011-06 1393/991/242/661213.69;
2011-07 1331/949/188/600091.01; 2011-08 1280/935/169/645343.90; 2011-09 1755/1266/299/952838.38;
2011-10 1929/1364/358/1039318.79; 2011-11 2657/1664/323/1161817.38; 2011-12 778/615/41/518192.79
"""


def reference_months():
    for entry in REFERENCE_MONTHS.split(";"):
        month, numbers = entry.split()
        orders, buyers, new, revenue = numbers.split("/")
        yield date.fromisoformat(f"{month}-01"), int(orders), int(buyers), int(new), int(Decimal(revenue) * 100)


@pytest.mark.parametrize(("month", "orders", "buyers", "new", "revenue"), list(reference_months()))
def test_each_month_equals_the_reference(month, orders, buyers, new, revenue):
    end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    found = (total("orders", month, end), monthly("monthly_buyers")[month], total("new_customers", month, end))

    assert found == (orders, buyers, new)
    assert abs(total("revenue", month, end) - revenue) <= 1  # the reference adds thousandths before it rounds


REFERENCE_COHORTS = """
2010-12 885 324 286 340 321 352 321 309 313 350 331 445 235 | 2011-01 417 92 111 96 134 120 103 101 125 136 152 49
| 2011-02 380 71 71 108 103 94 96 106 94 116 26 | 2011-03 452 68 114 90 101 76 121 104 126 39
| 2011-04 300 64 61 63 59 68 65 78 22 | 2011-05 284 54 49 49 59 66 75 27 | 2011-06 242 42 38 64 56 81 23
| 2011-07 188 34 39 42 51 21 | 2011-08 169 35 42 41 21 | 2011-09 299 70 90 34 | 2011-10 358 86 41 | 2011-11 323 36
| 2011-12 41
"""


def test_cohorts_equal_the_reference():
    expected = {}
    for row in REFERENCE_COHORTS.split("|"):
        cohort, *counts = row.split()
        expected[date.fromisoformat(f"{cohort}-01")] = [int(count) for count in counts]

    found = defaultdict(list)
    for cohort, customers in CohortCell.objects.order_by("cohort", "offset").values_list("cohort", "customers"):
        found[cohort].append(customers)

    assert dict(found) == expected
    assert CohortCell.objects.filter(is_complete=False).count() == 13
    assert CohortCell.objects.aggregate(total=Sum("revenue_minor"))["total"] == 891_140_790


def test_weighted_retention_equals_the_reference():
    matrix = figures.cohorts()

    found = {month: matrix.retention(month) for month in (1, 2, 3, 6)}

    assert {month: (round(item.rate, 6), item.cohorts) for month, item in found.items()} == {
        1: (0.236537, 11),
        2: (0.249170, 10),
        3: (0.269219, 9),
        6: (0.287344, 6),
    }


REFERENCE_CHURN = """
03 1682/358/452/0/1776/.212842; 04 1776/246/300/61/1891/.138514; 05 1891/300/284/84/1959/.158646;
06 1959/346/242/114/1969/.176621; 07 1969/262/188/130/2025/.133062; 08 2025/381/169/110/1923/.188148;
09 1923/310/299/239/2151/.161206; 10 2151/274/358/226/2461/.127383; 11 2461/229/323/285/2840/.093052
"""


def test_churn_equals_the_reference():
    expected = {}
    for entry in REFERENCE_CHURN.split(";"):
        month, numbers = entry.split()
        *counts, rate = numbers.split("/")
        expected[date(2011, int(month), 1)] = (ChurnMonth(*(int(count) for count in counts)), float(rate))

    found = {row.month: (row.churn, round(row.churn.rate, 6)) for row in figures.churn_table()}

    assert found == expected


def test_active_customers_by_day_meet_the_month_ends():
    """Two independent statements: entries and exits added up by day, and active sets compared at month ends."""
    for month, active in monthly("churn_end").items():
        end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)

        assert DailyFact.objects.get(metric="active_customers", day=end).numerator == active


def test_active_customers_roll_forward_each_day():
    rows = defaultdict(dict)
    for day, metric, value in DailyFact.objects.filter(dimension="").values_list("day", "metric", "numerator"):
        rows[day][metric] = value

    active = 0
    for day in sorted(rows):
        facts = rows[day]
        active += facts["new_customers"] + facts["reactivated"] - facts["lapsed"]
        assert facts["active_customers"] == active


def test_rfm_equals_the_reference():
    assert RfmScore.objects.count() == 4_338
    assert RfmScore.objects.filter(cell=555).count() == 348
    assert RfmScore.objects.filter(cell=111).count() == 182
    by_r = dict(RfmScore.objects.values_list("r").annotate(count=Count("pk")).order_by())
    assert by_r == {1: 861, 2: 866, 3: 863, 4: 880, 5: 868}
    top = RfmScore.objects.order_by("-revenue_minor").values_list("revenue_minor", flat=True)[:868]
    assert round(100 * sum(top) / 891_140_790, 4) == 74.6171  # a fifth of the customers, rounded up, brings so much


def test_first_day_of_the_next_night_changes_nothing_else():
    before = list(DailyFact.objects.filter(day__lt=LAST - timedelta(days=10)).values_list("day", "metric", "numerator"))

    catch_up.rollup(first=LAST - timedelta(days=2), last=LAST, at=datetime.combine(LAST, time(3), UTC) + timedelta(days=2))

    after = list(DailyFact.objects.filter(day__lt=LAST - timedelta(days=10)).values_list("day", "metric", "numerator"))
    assert sorted(after) == sorted(before)
    assert total("revenue") == 891_140_790
