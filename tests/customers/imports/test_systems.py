"""Exports of Klaviyo, Mailchimp, HubSpot, Shopify and Stripe: real headers, made-up people, consent only where it is stated."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from customers.actions import consent
from customers.imports.actions import jobs
from customers.imports.rules import systems
from customers.models import Consent, ConsentChange, Customer, Identity, ImportJob, Order, Suppression, Topic
from tests.factories import imports, people

pytestmark = pytest.mark.django_db

KLAVIYO = (
    "Email,Klaviyo ID,First Name,Last Name,Organization,Title,Phone Number,Address,Address 2,City,State / Region,Country,"
    "Zip Code,Latitude,Longitude,Source,IP Address,Email Marketing Consent,Email Marketing Consent Timestamp,"
    "Historic Customer Lifetime Value,Total Customer Lifetime Value,Predicted Customer Lifetime Value,Average Order Value,"
    "Historic Number Of Orders,First Active,Last Active,Profile Created On,Date Added,Last Open,Last Click,"
    "Average Days Between Orders,Email Suppressions,Shoe size"
)
MAILCHIMP = (
    "Email Address,First Name,Last Name,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
UNSUBSCRIBED = MAILCHIMP.replace(
    "LEID,", "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID,"
)
CLEANED = MAILCHIMP.replace("LEID,", "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,")
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Job Title,Company Name,Country/Region,Lifecycle Stage,Lead Status,"
    "Marketing contact status,Unsubscribed from all email,Email hard bounce reason,Create Date,Contact owner"
)
SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags"
)
SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,"
    "Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Id,Tags,Lineitem discount"
)
STRIPE = (
    "id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Last4,Card Brand,Plan,Status,Total Spend,Payment Count,"
    "Average Order,Refunded Volume,Dispute Losses"
)


def row(header, **cells):
    """A line of a file: cells by their titles."""
    titles = header.split(",")
    assert set(cells) <= set(titles)
    return ",".join(f'"{cells.get(title, "")}"' for title in titles)


def rows(header, *listed):
    return "\n".join([header, *(row(header, **cells) for cells in listed)]) + "\n"


@pytest.fixture(autouse=True)
def topic():
    imports.account()
    return Topic.objects.create(slug="news", name="News", is_default=True)


def take(content, at, topic, *, kind="customers", name="people.csv", status=None):
    header = content.splitlines()[0].split(",")
    system = systems.recognise(kind, header)
    found = systems.file_status(system, name, header) if status is None else status
    options = {"system": system.name if system else ""}
    if topic:
        options["answers"] = {"topic_id": topic.id, "wording": "", "status": found}
    job = imports.queued(content, at, kind=kind, name=name, options=options)
    jobs.run_job(job.id, clock=lambda: at, seconds=60)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


@pytest.mark.parametrize(
    ("header", "kind", "name"),
    [
        (KLAVIYO, "customers", "Klaviyo"),
        ("Email,Klaviyo ID,First Name,Last Name,Email Marketing Consent", "customers", "Klaviyo"),
        (MAILCHIMP, "customers", "Mailchimp"),
        (UNSUBSCRIBED, "customers", "Mailchimp"),
        (CLEANED, "customers", "Mailchimp"),
        (HUBSPOT, "customers", "HubSpot"),
        (SHOPIFY, "customers", "Shopify"),
        (SHOPIFY_ORDERS, "orders", "Shopify"),
        (STRIPE, "customers", "Stripe"),
        ("external_id,email,first_name", "customers", None),
        (SHOPIFY_ORDERS, "customers", None),
    ],
)
def test_export_is_recognised_by_its_header(header, kind, name):
    found = systems.recognise(kind, header.split(","))

    assert (found.name if found else None) == name


def consents():
    return dict(Consent.objects.values_list("customer__email", "state"))


def test_klaviyo_profiles_bring_consent_only_where_it_is_stated(at, topic):
    people_of = [
        ("sub", "SUBSCRIBED"),
        ("unsub", "UNSUBSCRIBED"),
        ("never", "NEVER_SUBSCRIBED"),
        ("odd", "WHO_KNOWS"),
        ("empty", ""),
    ]
    content = rows(
        KLAVIYO,
        *[
            {"Email": f"{name}@example.com", "First Name": name, "Email Marketing Consent": state, "Country": "Germany",
             "Email Marketing Consent Timestamp": "2024-03-14 09:12:31", "Shoe size": "38", "Klaviyo ID": name}
            for name, state in people_of
        ],
    )  # fmt: skip

    job = take(content, at, topic)

    assert (job.created_count, job.problem_count) == (5, 0)
    assert consents() == {"sub@example.com": "granted", "unsub@example.com": "denied"}
    proof = ConsentChange.objects.get(state="granted")
    assert (proof.source, proof.changed_at) == ("Klaviyo export", datetime(2024, 3, 14, 9, 12, 31, tzinfo=UTC))
    assert "SUBSCRIBED" in proof.wording
    sub = Customer.objects.get(email="sub@example.com")
    assert (sub.country, sub.attributes) == ("DE", {"shoe_size": "38", "klaviyo_id": "sub"})


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("['HARD_BOUNCE']", "hard_bounce"), ("SPAM_COMPLAINT", "complaint"), ("USER_SUPPRESSED", "manual"),
        ("INVALID_EMAIL", "hard_bounce"), ("UNSUBSCRIBE", None), ("[]", None), ("", None),
    ],
)  # fmt: skip
def test_klaviyo_suppressions_block_the_address_even_without_a_topic(at, cell, reason):
    content = rows(KLAVIYO, {"Email": "a@example.com", "Email Suppressions": cell, "Email Marketing Consent": "SUBSCRIBED"})

    take(content, at, None)

    assert list(Suppression.objects.values_list("reason", flat=True)) == ([reason] if reason else [])
    assert Consent.objects.count() == 0


def test_klaviyo_unsubscribe_among_the_suppressions_is_a_no(at, topic):
    content = rows(
        KLAVIYO, {"Email": "a@example.com", "Email Suppressions": "UNSUBSCRIBE", "Email Marketing Consent": "SUBSCRIBED"}
    )

    take(content, at, topic)

    assert consents() == {"a@example.com": "denied"}


SUBSCRIBER = {"Email Address": "a@example.com", "CONFIRM_TIME": "2016-04-18 13:51:14", "CC": "us", "MEMBER_RATING": "2",
              "LEID": "55331253", "TAGS": "vip"}  # fmt: skip


def test_mailchimp_subscribed_file_grants_consent_with_the_time_of_confirmation(at, topic):
    take(rows(MAILCHIMP, SUBSCRIBER), at, topic, name="subscribed_email_audience_export_1a2b.csv")

    proof = ConsentChange.objects.get()
    assert (proof.state, proof.source) == ("granted", "Mailchimp export")
    assert proof.changed_at == datetime(2016, 4, 18, 12, 51, 14, tzinfo=UTC)  # 13:51 in London, summer time
    customer = Customer.objects.get()
    assert (customer.country, customer.attributes) == ("US", {"member_rating": 2, "tags": "vip"})


@pytest.mark.parametrize("name", ["nonsubscribed_email_audience_export.csv", "people.csv", "unknown_subscribed.csv"])
def test_mailchimp_file_that_does_not_say_subscribed_grants_nothing(at, topic, name):
    take(rows(MAILCHIMP, SUBSCRIBER), at, topic, name=name)

    assert Customer.objects.count() == 1
    assert Consent.objects.count() == 0


def test_mailchimp_unsubscribed_and_cleaned_files_deny_and_block(at, topic):
    take(
        rows(MAILCHIMP, SUBSCRIBER, SUBSCRIBER | {"Email Address": "b@example.com"}),
        at,
        topic,
        name="subscribed_members.csv",
    )
    left = {"Email Address": "a@example.com", "UNSUB_TIME": "2019-01-01 10:00:00", "UNSUB_REASON": "too often"}

    take(rows(UNSUBSCRIBED, left), at, topic, name="unsubscribed_members.csv")
    take(
        rows(CLEANED, {"Email Address": "b@example.com", "CLEAN_TIME": "2019-01-01 10:00:00"}),
        at,
        topic,
        name="cleaned.csv",
    )

    assert consents() == {"a@example.com": "denied", "b@example.com": "denied"}
    assert list(Suppression.objects.values_list("reason", "customer__email")) == [("hard_bounce", "b@example.com")]


def test_file_without_a_time_never_overrules_what_the_person_said(at, topic):
    take(rows(MAILCHIMP, SUBSCRIBER), at, topic, name="subscribed_members.csv")
    customer = Customer.objects.get()
    for state in ("denied", "granted"):
        consent.set_consent(
            [customer.id], topic=topic, channel="email", state=state, source="preferences", wording="", at=at
        )

    take(rows(SHOPIFY, {"Email": "a@example.com", "Accepts Email Marketing": "no"}), at + timedelta(days=1), topic)

    assert consents() == {"a@example.com": "granted"}


def test_hubspot_says_who_left_and_never_who_agreed(at, topic):
    content = rows(
        HUBSPOT,
        {
            "Record ID": "901",
            "Email": "stays@example.com",
            "Unsubscribed from all email": "false",
            "Create Date": "2024-03-12 09:14",
        },
        {"Record ID": "902", "Email": "left@example.com", "Unsubscribed from all email": "true"},
        {"Record ID": "903", "Email": "gone@example.com", "Email hard bounce reason": "Mailbox does not exist"},
    )

    take(content, at, topic)

    assert consents() == {"left@example.com": "denied"}
    assert Suppression.objects.get().customer.email == "gone@example.com"
    stays = Customer.objects.get(email="stays@example.com")
    assert stays.attributes == {"hubspot_id": "901"}
    assert stays.created_at == datetime(2024, 3, 12, 9, 14, tzinfo=UTC)


def test_shopify_customers_keep_their_id_and_both_channels(at, topic):
    content = rows(
        SHOPIFY,
        {"Customer ID": "'7012345", "Email": "anna@example.com", "Accepts Email Marketing": "yes", "Accepts SMS Marketing": "yes",
         "Phone": "'+442079460018", "Default Address Country Code": "GB", "Total Spent": "10.00", "Tax Exempt": "no"},
        {"Customer ID": "'7012346", "Phone": "'+442079460019", "Accepts Email Marketing": "no"},
    )  # fmt: skip

    job = take(content, at, topic)

    assert (job.created_count, job.problem_count) == (2, 0)
    assert dict(Identity.objects.values_list("value", "kind")) == {"7012345": "shopify", "7012346": "shopify"}
    assert set(Consent.objects.values_list("channel", "state")) == {("email", "granted"), ("sms", "granted")}


def test_shopify_orders_file_is_taken_as_it_is(at):
    people.bob(email="bob@example.com")
    first = {"Name": "#1001", "Email": "bob@example.com", "Financial Status": "paid", "Currency": "GBP", "Total": "27.50",
             "Created at": "2026-02-21 10:30:00 +0500", "Lineitem quantity": "2", "Lineitem name": "Mug", "Lineitem price": "10.00"}  # fmt: skip
    second = {"Name": "#1001", "Email": "bob@example.com", "Created at": "2026-02-21 10:30:00 +0500", "Lineitem quantity": "1",
              "Lineitem name": "Cup", "Lineitem sku": "CUP", "Lineitem price": "2.50"}  # fmt: skip
    pending = first | {"Name": "#1002", "Financial Status": "pending"}

    job = take(rows(SHOPIFY_ORDERS, first, second, pending), at, None, kind="orders")

    order = Order.objects.get()
    assert (order.number, order.total_minor, order.placed_at) == ("#1001", 2750, datetime(2026, 2, 21, 5, 30, tzinfo=UTC))
    assert list(order.lines.order_by("id").values_list("product__sku", "quantity")) == [("Mug", 2), ("CUP", 1)]
    assert "not paid" in job.problems.get().reason


def test_stripe_customers_are_known_by_their_id(at):
    content = rows(STRIPE, {"id": "cus_1", "Email": "a@example.com", "Name": "Ann", "Created (UTC)": "2024-01-02 03:04"})

    take(content, at, None)
    take(content.replace("a@example.com", "new@example.com"), at, None)

    assert list(Customer.objects.values_list("email", "first_name")) == [("new@example.com", "Ann")]


def test_mapping_page_names_the_system_and_takes_its_answers(client, at, topic):
    client.force_login(people.staff_member("marta", "customers.import_customer", "customers.view_importjob"))
    content = rows(KLAVIYO, {"Email": "a@example.com", "Email Marketing Consent": "SUBSCRIBED"})
    client.post(reverse("customers:import-new"), {"kind": "customers", "file": imports.file(content)})
    job = ImportJob.objects.get()

    page = client.get(reverse("customers:import-map", args=[job.pk]))
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"header": "\x1f".join(job.header), "start": "1"}
    client.post(reverse("customers:import-map", args=[job.pk]), data)

    assert "Recognised as Klaviyo export" in page.content.decode()
    job.refresh_from_db()
    assert job.options == {"system": "Klaviyo", "answers": {"topic_id": topic.id, "wording": "", "status": ""}}


@pytest.mark.parametrize(
    "kind", ["customers", "orders", "refunds", "products", "events", "subscriptions", "consents", "points"]
)
def test_sample_file_of_each_kind_can_be_mapped(client, kind):
    client.force_login(people.staff_member("marta", "customers.view_importjob", "customers.import_customer"))

    body = client.get(reverse("customers:import-sample", args=[kind])).content
    response = client.post(reverse("customers:import-new"), {"kind": kind, "file": imports.file(body)})
    page = client.get(response.url)

    assert page.status_code == 200
    assert [shown["problem"] for shown in page.context["preview"]] == [None]
