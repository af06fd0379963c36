"""Pages of commerce as staff see them, and the figures of the MRR page."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.commerce.actions import check, counting
from customers.commerce.actions.orders import NewLine, NewOrder, NewRefund, place_many, refund_many
from customers.commerce.actions.subscriptions import record_states
from customers.models import AuditEntry, CommerceSettings, ExchangeRate, JobRun, MrrMovement, Order, Product
from customers.ports import fields, merge
from customers.ports.merge import MergeContext
from metrics.queries import recurring
from metrics.rules.periods import Period
from tests.customers.commerce import ledger
from tests.customers.commerce.test_subscriptions import moves, state
from tests.factories import imports, people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]

PLACED = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def account():
    imports.account()


@pytest.fixture
def boss(client):
    client.force_login(people.staff_member(is_superuser=True))
    return client


def orders(customer, count, **values):
    values = {"currency": "GBP", **values}
    return [
        NewOrder(customer.pk, f"A{n:04}", PLACED - timedelta(minutes=n // 3), total_minor=1000 + n, **values)
        for n in range(count)
    ]


def numbers(page):
    return [order.number for order in page.context["slice"].rows]


def test_orders_are_listed_page_by_page_without_gaps(boss, at):
    place_many(orders(people.alice(), 120), at=at)

    seen, after, pages = [], "", 0
    while True:
        page = boss.get("/orders/", {"after": after})
        seen += numbers(page)
        pages += 1
        after = page.context["slice"].after
        if not after:
            break

    assert pages == 3
    assert seen == list(Order.objects.order_by("-placed_at", "-id").values_list("number", flat=True))


def test_orders_are_filtered(boss, at):
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.8"))
    alice = people.alice()
    place_many(orders(alice, 3, source="shopify", lines=(NewLine("LAMP", 1, 1000),)), at=at)
    dollars = NewOrder(alice.pk, "USD1", PLACED - timedelta(days=9), "USD", 500)
    place_many([dollars], at=at)
    refund_many([NewRefund("R1", PLACED, 1000, "GBP", order_number="A0000")], at=at)

    assert numbers(boss.get("/orders/", {"q": "A00"})) == ["A0002", "A0001", "A0000"]
    assert numbers(boss.get("/orders/", {"state": "refunded"})) == ["A0000"]
    assert numbers(boss.get("/orders/", {"currency": "USD"})) == ["USD1"]
    assert numbers(boss.get("/orders/", {"until": "2026-03-05"})) == ["USD1"]
    assert numbers(boss.get("/orders/", {"source": "shopify", "product": "LAMP"})) == ["A0002", "A0001", "A0000"]
    assert "No order found" in boss.get("/orders/", {"q": "nothing"}).content.decode()
    for bad in ("x", "2026-03-10_5", "2026-03-10T09:00:00+00:00_9999999999999999999999", "\0"):
        assert boss.get("/orders/", {"after": bad, "q": "\0", "since": "x"}).status_code == 200


def test_order_page_shows_lines_refunds_and_what_was_charged(boss, at):
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.8"))
    alice = people.alice()
    lines = (NewLine("LAMP", 2, 500, "<b>Lamp</b>"),)
    place_many([NewOrder(alice.pk, "U1", PLACED, "USD", 1000, lines)], at=at)
    refund_many([NewRefund("R1", PLACED, 400, "USD", order_number="U1")], at=at)

    text = boss.get(f"/orders/{Order.objects.get().pk}/").content.decode()

    assert "&lt;b&gt;Lamp&lt;/b&gt;" in text
    for shown in ("£8.00", "$10.00", "0.8", "−£3.20", "−$4.00", "£4.80"):
        assert shown in text


def test_subscriptions_are_listed_with_what_is_at_risk(boss, at):
    alice, bob = people.alice(), people.bob()
    record_states(
        [
            state(alice, renews_on=date(2026, 4, 1)),
            state(bob, reference="S2", amount=500, renews_on=date(2026, 6, 1), cancel_at=ledger.moment("2026-06-01")),
            state(bob, reference="S3", status="trialing", amount=0, renews_on=date(2026, 3, 20)),
        ],
        at=at,
    )

    def references(**query):
        return [row.reference for row in boss.get("/subscriptions/", query).context["slice"].rows]

    assert references() == ["S3", "S2", "S1"]
    assert references(renews="30") == ["S3", "S1"]
    assert references(risk="yes") == ["S2"]
    assert references(status="trialing") == ["S3"]
    assert boss.get("/subscriptions/").context["totals"] == {"mrr": 1500, "at_risk": 500, "running": 3}


def test_panel_of_a_customer_shows_history(boss, at):
    alice = people.alice()
    record_states([state(alice), state(alice, "2026-02-01", amount=1500, plan="Club plus")], at=at)

    text = boss.get(f"/customers/{alice.pk}/subscriptions/").content.decode()

    assert 'id="panel-subscriptions"' in text
    for shown in ("Club plus", "£15.00", "£10.00", "Active"):
        assert shown in text


def test_product_is_renamed_and_noted(boss, at):
    place_many([NewOrder(people.alice().pk, "A1", PLACED, "GBP", 1, (NewLine("LAMP", 1, 1),))], at=at)
    product = Product.objects.get()

    boss.post(f"/products/{product.pk}/", {"name": "Brass lamp", "category": "Lights"})

    product.refresh_from_db()
    assert (product.name, product.category) == ("Brass lamp", "Lights")
    assert "Brass lamp" in boss.get("/products/", {"q": "brass"}).content.decode()
    assert AuditEntry.objects.get().verb == "product.changed"


def test_rates_are_entered_corrected_uploaded_and_deleted(boss):
    boss.post("/settings/exchange-rates/", {"currency": "usd", "on": "2026-03-01", "rate": "0.75"})
    boss.post("/settings/exchange-rates/", {"currency": "USD", "on": "2026-03-01", "rate": "0.76"})
    own = boss.post("/settings/exchange-rates/", {"currency": "GBP", "on": "2026-03-01", "rate": "1"})
    zero = boss.post("/settings/exchange-rates/", {"currency": "EUR", "on": "2026-03-01", "rate": "0"})
    file = SimpleUploadedFile("r.csv", b"\xef\xbb\xbfCurrency,Day,Rate\nEUR,2026-03-01,0.86\nEUR,2026-03-02,0.87\n")
    boss.post("/settings/exchange-rates/", {"file": file})
    bad = SimpleUploadedFile("r.csv", b"currency,day,rate\nEUR,soon,1\nEUR,2026-03-03,NaN\n")
    refused = boss.post("/settings/exchange-rates/", {"file": bad}).content.decode()

    rows = list(ExchangeRate.objects.order_by("currency", "on").values_list("currency", "rate"))
    assert rows == [("EUR", Decimal("0.86")), ("EUR", Decimal("0.87")), ("USD", Decimal("0.76"))]
    assert "needs no rate" in own.content.decode()
    assert "above 0" in zero.content.decode()
    assert "Line 2" in refused
    assert "Line 3" in refused
    boss.post(f"/settings/exchange-rates/{ExchangeRate.objects.get(currency='USD').pk}/delete/")
    assert not ExchangeRate.objects.filter(currency="USD").exists()


def test_pages_need_their_permissions(client, at):
    client.force_login(people.staff_member("ann", "customers.view_order"))

    assert client.get("/orders/").status_code == 200
    for path in (
        "/subscriptions/",
        "/products/",
        "/settings/exchange-rates/",
        "/settings/subscriptions/",
        "/insights/mrr/",
    ):
        assert client.get(path).status_code == 403


def test_empty_pages_say_what_to_do(boss):
    for path, words in (
        ("/orders/", "No orders yet"), ("/subscriptions/", "No subscriptions yet"), ("/products/", "No products yet"),
        ("/settings/exchange-rates/", "No rates yet"), ("/insights/mrr/", "No recurring revenue yet"),
    ):  # fmt: skip
        assert words in boss.get(path).content.decode()


def test_change_of_counting_counts_the_past_again(boss, at):
    alice = people.alice()
    record_states([state(alice), state(alice, "2026-02-01", cancel_at=ledger.moment("2026-05-05"))], at=at)
    before = moves()

    boss.post("/settings/subscriptions/", {"cancel_counts": "at_once", "new_after_days": "", "renewal_grace_days": "14"})
    done = [counting.rebuild_next(at=at) for _ in range(3)]

    assert before == [("01-05", "new", 1000, "")]
    assert moves() == [("01-05", "new", 1000, ""), ("02-01", "churn", -1000, "cancelled")]
    assert done == [1, 0, 0]
    assert CommerceSettings.objects.get().rebuild_after is None


def test_nightly_check_is_silent_when_all_is_right_and_repairs_what_is_not(at):
    alice, bob = people.alice(), people.bob()
    record_states([state(alice), state(alice, "2026-02-01", amount=1500), state(bob, reference="S2")], at=at)

    assert check.check(period="1", at=at) == {"customers corrected": 0, "customers still wrong": 0}
    MrrMovement.objects.filter(customer=alice, kind="new").update(before_minor=5)
    MrrMovement.objects.filter(customer=bob).delete()
    assert check.check(period="2", at=at) == {"customers corrected": 2, "customers still wrong": 0}
    assert check.check(period="2", at=at) is None
    assert JobRun.objects.get(period="2").summary["customers corrected"] == 2
    assert moves(bob) == [("01-05", "new", 1000, "")]


def test_fields_and_variables_know_the_subscription(at):
    alice, bob = people.alice(), people.bob()
    record_states([state(alice, renews_on=date(2026, 4, 1), started_at=ledger.moment("2026-01-04"))], at=at)

    values = merge.get("subscription").fetch([alice.pk, bob.pk], MergeContext(at, "preview"))
    mrr = fields.get("subscription.mrr")

    assert values[alice.pk] == {
        "plan": "Club", "status": "Active", "mrr": "£10.00", "renews_on": "2026-04-01", "ends_on": "",
        "since": "2026-01-04", "count": 1,
    }  # fmt: skip
    assert values[bob.pk] == dict.fromkeys(values[bob.pk], "") | {"count": 0}
    assert list(mrr.rows().values_list(mrr.customer, mrr.value)) == [(alice.pk, 1000)]


@pytest.fixture
def june(at):
    later = datetime(2026, 7, 1, 12, tzinfo=UTC)
    for letter, history in ledger.HISTORY.items():
        customer = people.customer(letter)
        states = [state(customer, day, status, amount, reference=letter) for day, status, amount in history]
        record_states(states, at=later)
    return Period(ledger.FIRST, ledger.LAST)


def test_mrr_figures_of_the_golden_ledger(june):
    [month] = recurring.by_month(june.first, june.last)
    base = june.first - timedelta(days=1)
    cohort = recurring.cohort(base, june.last)

    assert {kind: getattr(month.totals, kind) for kind in ledger.MOVES} == ledger.MOVES
    assert (month.totals.start, month.totals.end, month.customers_start, month.customers_end) == (600, 640, 5, 6)
    assert month.moves == {"new": 2, "expansion": 1, "contraction": 1, "churn": 3, "reactivation": 2}
    assert month.customer_churn == pytest.approx(0.2)
    assert (cohort.grr, cohort.nrr) == (pytest.approx(0.70), pytest.approx(0.78333, abs=1e-4))
    assert (cohort.logo_retention, cohort.base_count) == (pytest.approx(0.8), 5)


def test_mrr_page_shows_the_ledger_and_the_customers_behind_it(boss, june, frozen_clock):
    frozen_clock.move_to(datetime(2026, 7, 2, 12, tzinfo=UTC))
    boss.force_login(people.staff_member("eve", is_superuser=True))
    query = {"period": "custom", "first": "2026-06-01", "last": "2026-06-30"}

    page = boss.get("/insights/mrr/", query)
    behind = boss.get("/insights/mrr/churn/", query)
    file = b"".join(boss.get("/insights/mrr/", {**query, "format": "csv"}).streaming_content).decode()

    figures = {(str(row["label"]), str(row["note"])): row["value"] for row in page.context["figures"]}
    assert figures["Gross revenue retention", "In the period"] == "70.0%"
    assert figures["Net revenue retention", "In the period"] == "78.3%"
    assert figures["Subscriber churn", "In the period"] == "20.0%"
    assert figures["Gross MRR churn", "In the period"] == "56.7%"
    assert figures["Net MRR churn", "In the period"] == "16.7%"
    assert figures["Quick ratio", "In the period"] == "0.56"
    assert figures["Quick ratio", "with reactivation"] == "1.12"
    assert [str(row.customer) for row in behind.context["rows"]] == ["G", "D", "E"]
    assert "2026-06-01,600,140" in file
    assert boss.get("/insights/mrr/nonsense/").status_code == 404


def test_renewal_rate_counts_terms_by_the_day_they_were_due(at):
    yearly = {"interval_months": 12}
    alice, bob, carol, dora, emil = (people.customer(name) for name in ("Alice", "Bob", "Carol", "Dora", "Emil"))

    def term(customer, name):
        return state(customer, "2025-02-10", reference=name, renews_on=date(2026, 2, 10), **yearly)

    record_states(
        [
            term(alice, "on-time"), state(alice, "2026-02-10", amount=1200, reference="on-time", is_renewal=True,
                                          renews_on=date(2027, 2, 10)),
            term(bob, "late"), state(bob, "2026-03-01", reference="late", is_renewal=True, renews_on=date(2027, 2, 10)),
            term(carol, "gone"), state(carol, "2026-02-09", "ended", reference="gone"),
            term(dora, "grace"), state(dora, "2026-02-20", amount=800, reference="grace", is_renewal=True,
                                       renews_on=date(2027, 2, 10)),
            state(emil, "2025-03-12", reference="open", renews_on=date(2026, 3, 12), **yearly),
            state(people.customer("Fay"), "2025-02-12", reference="silent", renews_on=date(2026, 2, 12), **yearly),
        ],
        at=at,
    )  # fmt: skip

    rows = recurring.renewals(Period(date(2026, 2, 1), date(2026, 3, 15)), today=at.date())

    february, march = rows[date(2026, 2, 1)], rows[date(2026, 3, 1)]
    assert (february.ends, february.renewed, february.open) == (5, 2, 0)
    assert (february.due_minor, february.kept_minor) == (5000, 1800)
    assert (march.ends, march.open, march.rate) == (0, 1, None)


def test_terms_that_ended_are_kept_where_counting_them_takes_long(at, monkeypatch):
    cache.clear()
    monkeypatch.setattr(recurring, "SLOW_SECONDS", -1)
    period = Period(date(2026, 2, 1), date(2026, 3, 15))
    assert recurring.renewals(period, today=at.date()) == {}
    first, counted_at = recurring.ended(period)
    monkeypatch.setattr(recurring.statements, "rows", lambda *args, **more: pytest.fail("read again"))

    assert recurring.ended(period) == (first, counted_at)
    cache.clear()
