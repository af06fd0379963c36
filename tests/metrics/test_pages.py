"""Home, Insights, the definitions and the customers behind figures."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Content
from customers.actions import timeline
from customers.models import Brand, FailedEvent, Heartbeat
from metrics.actions import catch_up
from metrics.actions.score_rfm import score_rfm
from tests.factories import metrics as make
from tests.factories import people

pytestmark = pytest.mark.django_db
TABS = ("insights", "retention", "rfm", "nps", "messages", "definitions")


@pytest.fixture
def analyst(client, frozen_clock):
    client.force_login(people.staff_member("ana", "metrics.view_dailyfact", "customers.view_customer"))
    return client


@pytest.fixture
def shop(at):
    """Four months of orders: alice every ten days, bob once long ago, carol lately."""
    Brand.objects.create(currency="GBP", timezone="Europe/London")
    today = at.date()
    alice, bob, carol = (make_at(at - timedelta(days=130)) for make_at in (_alice, _bob, _carol))
    for days in range(5, 125, 10):
        make.order(alice, today - timedelta(days=days), 2_000, currency="GBP")
    make.order(bob, today - timedelta(days=100), 5_000, currency="GBP")
    make.order(carol, today - timedelta(days=2), 1_000, currency="GBP")
    catch_up.backfill(first=today - timedelta(days=130), last=today - timedelta(days=1), at=at)
    score_rfm(day=today - timedelta(days=1))
    return alice, bob, carol


def _alice(created_at):
    return people.alice(created_at=created_at)


def _bob(created_at):
    return people.bob(created_at=created_at)


def _carol(created_at):
    return people.carol(created_at=created_at)


def test_home_of_an_empty_house_shows_the_first_steps(analyst):
    page = analyst.get("/")

    assert page.status_code == 200
    assert [step["is_done"] for step in page.context["page"].steps] == [False, False, False]
    assert "Getting started" in page.content.decode()


def test_home_shows_the_last_28_days_against_those_before(analyst, shop):
    page = analyst.get("/")

    tiles = {str(tile["label"]): tile for tile in page.context["page"].tiles}
    assert tiles["Orders"]["value"] == "4"
    assert tiles["Average order value"]["value"] == "£17.50"
    assert tiles["New customers"]["value"] == "1"
    assert (tiles["Orders"]["delta"], tiles["Orders"]["delta_tone"]) == ("33.3%", "good")
    assert tiles["Active customers"]["value"] == "2"
    assert tiles["Repeat rate"]["value"] == "33.3%"
    assert tiles["Net Promoter Score"]["value"] == "–"


def test_home_names_what_fails_first(analyst, shop, at):
    alice = shop[0]
    timeline.record(timeline.NewEvent(alice.id, "order.placed", at, timeline.event_key("x", 1), "test"), at=at)
    event = alice.events.get()
    FailedEvent.objects.create(event=event, handler="loyalty.earn", error="ValueError", failed_at=at)
    Heartbeat.objects.create(job="metrics.roll_up", beat_at=at, error="OperationalError")

    page = analyst.get("/")

    texts = [problem.text for problem in page.context["page"].problems]
    assert texts[:2] == [
        "1 event could not be processed and waits until somebody tries again.",
        "Figures failed at its last run.",
    ]


def test_home_lists_scheduled_campaigns_and_results(analyst, shop, at):
    for number, (state, launched) in enumerate([("scheduled", None), ("sent", at - timedelta(days=1))]):
        content = Content.objects.create(name=f"Spring {number}", created_at=at, updated_at=at)
        Campaign.objects.create(
            name=f"Spring {number}", content=content, state=state, scheduled_at=at, launched_at=launched,
            created_at=at, updated_at=at,
        )  # fmt: skip
    sent = Campaign.objects.get(state="sent")
    part = {"dimension": "source", "dimension_value": f"campaign:{sent.pk}"}
    for metric, count in (("sends", 100), ("delivered", 90), ("opens", 45), ("clicks", 9)):
        make.fact(at.date(), metric, count, **part)

    page = analyst.get("/").context["page"]

    assert [campaign.name for campaign, _url in page.scheduled] == ["Spring 0"]
    [row] = page.recent
    assert (row["campaign"].name, row["sends"], row["open_rate"], row["click_rate"]) == ("Spring 1", 100, 0.5, 0.1)


@pytest.mark.parametrize("name", TABS)
def test_insights_pages_open_with_and_without_figures(analyst, name, at):
    assert analyst.get(reverse(f"metrics:{name}")).status_code == 200


@pytest.mark.parametrize("name", TABS)
def test_insights_pages_show_figures(analyst, shop, name):
    for query in (
        "",
        "?period=90d",
        "?period=12m",
        "?view=count",
        "?view=revenue",
        "?period=custom&first=2026-01-01&last=2026-02-01",
    ):
        assert analyst.get(reverse(f"metrics:{name}") + query).status_code == 200


@pytest.mark.parametrize(
    "query", ["?period=x", "?period=custom", "?period=custom&first=2026-02-01&last=2026-01-01",
     "?period=custom&first=0001-01-01&last=9999-12-31", "?view=nonsense", "?period=custom&first=%00&last=abc"],
)  # fmt: skip
def test_wrong_periods_fall_back(analyst, shop, query):
    for name in TABS:
        assert analyst.get(reverse(f"metrics:{name}") + query).status_code == 200


def test_every_definition_opens(analyst, shop):
    from metrics import definitions

    for definition in definitions.all():
        assert analyst.get(reverse("metrics:definition", args=[definition.key])).status_code == 200
    assert analyst.get(reverse("metrics:definition", args=["nonsense"])).status_code == 404


def test_definition_shows_numerator_and_denominator(analyst, shop):
    row = analyst.get(reverse("metrics:definition", args=["aov"])).context["row"]

    assert (row["numerator"], row["denominator"], row["value"]) == (7_000, 4, "£17.50")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("new/", ["Carol"]),
        ("bought/", ["Carol", "Alice"]),
        ("lapsed/", ["Bob"]),
        ("bought/?period=custom&first=2025-12-01&last=2025-12-31", ["Bob", "Alice"]),
        ("rfm/loyal/", ["Alice"]),
        ("rfm/43/", ["Alice"]),
    ],
)
def test_customers_behind_a_figure(analyst, shop, path, names):
    page = analyst.get(f"/insights/customers/{path}")

    assert [customer.first_name for customer in page.context["rows"]] == names


@pytest.mark.parametrize("path", ["nobody/", "rfm/", "rfm/99/", "rfm/x/", "new/55/"])
def test_unknown_groups_are_not_found(analyst, path):
    assert analyst.get(f"/insights/customers/{path}").status_code == 404


def test_export_has_no_formulas(analyst, shop, at):
    content = Content.objects.create(name="x", created_at=at, updated_at=at)
    campaign = Campaign.objects.create(
        name="=HYPERLINK(1)", content=content, state="sent", scheduled_at=at, launched_at=at, created_at=at, updated_at=at
    )
    yesterday = at.date() - timedelta(days=1)
    make.fact(yesterday, "sends", 3, dimension="source", dimension_value=f"campaign:{campaign.pk}")

    answer = analyst.get(reverse("metrics:messages") + "?format=csv")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert [row[:2] for row in csv.reader(io.StringIO(text))] == [["Sender", "Sent"], ["'=HYPERLINK(1)", "3"]]


@pytest.mark.parametrize("name", [name for name in TABS if name != "messages"])
def test_exports_open(analyst, shop, name):
    answer = analyst.get(reverse(f"metrics:{name}") + "?format=csv")

    assert answer["Content-Type"].startswith("text/csv")
    assert len(b"".join(answer.streaming_content).splitlines()) > 1


@pytest.mark.parametrize("name", ["home", *TABS])
def test_pages_take_few_queries(analyst, shop, name, django_assert_max_num_queries):
    with django_assert_max_num_queries(15 if name != "home" else 24):  # the work gauges of home are cached for 30 seconds
        analyst.get(reverse(f"metrics:{name}"))
    with django_assert_max_num_queries(15):
        analyst.get(reverse(f"metrics:{name}"))


def test_figures_need_the_permission(client, frozen_clock):
    client.force_login(people.staff_member("nora"))

    assert "Figures are not part of your role" in client.get("/").content.decode()
    assert client.get(reverse("metrics:insights")).status_code == 403
    client.logout()
    assert client.get("/").status_code == 302


def test_administration_shows_facts_read_only(client, shop, frozen_clock):
    client.force_login(people.staff_member("root", is_superuser=True))

    for model in ("dailyfact", "monthlyfact", "cohortcell", "rfmscore", "dirtyday"):
        assert client.get(reverse(f"admin:metrics_{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:metrics_{model}_add")).status_code == 403


def test_overview_tag_draws_the_roll_up(shop, frozen_clock):
    from django.template import Context, Template

    html = Template("{% load metrics_overview %}{% metrics_overview %}").render(Context({}))

    assert html.count("data-chart=") == 4
    assert 'id="cohorts"' in html
