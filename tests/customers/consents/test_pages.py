"""Staff's pages of consent: topics, sign-up forms, suppression list, overview, and the panel of a customer."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.actions import consent
from customers.consents.actions import preferences as wishes
from customers.consents.actions import suppressions
from customers.consents.queries import overview
from customers.models import AuditEntry, Customer, SignupForm, Suppression, Topic
from tests.factories import messages, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean():
    cache.clear()
    messages.brand()


@pytest.fixture
def staff(client):
    client.force_login(people.staff_member("ada", is_superuser=True))
    return client


# --- Topics -----------------------------------------------------------------------------------------------------------
def test_a_topic_is_made_with_channels_and_a_first_version_of_its_wording(staff):
    staff.post(
        "/settings/topics/new/",
        {"name": "Tips", "wording": "Tips, please", "channels": ["email", "sms"], "position": "5", "description": ""},
    )

    topic = Topic.objects.get()
    assert (topic.slug, topic.channels, topic.position) == ("tips", ["email", "sms"], 5)
    assert [w.text for w in topic.wordings.all()] == ["Tips, please"]
    assert "Tips, please" in staff.get(f"/settings/topics/{topic.pk}/").content.decode()


def test_a_topic_is_archived_and_offered_again(staff, at):
    topic = messages.topic()

    staff.post(f"/settings/topics/{topic.pk}/archive/")
    archived = staff.get("/settings/topics/").content.decode()
    first = Topic.objects.get().archived_at
    staff.post(f"/settings/topics/{topic.pk}/archive/", {"restore": "1"})

    assert "Archived" in archived
    assert (first is not None, Topic.objects.get().archived_at) == (True, None)
    assert set(AuditEntry.objects.values_list("verb", flat=True)) == {"topic.archived", "topic.restored"}


# --- Sign-up forms ----------------------------------------------------------------------------------------------------
def test_a_form_is_made_shown_and_has_a_link_a_mark_and_code_for_a_website(staff):
    assert "First a topic" in staff.get("/settings/sign-up/").content.decode()
    topic = messages.topic()
    assert "No sign-up form yet" in staff.get("/settings/sign-up/").content.decode()
    fields = {"name": "Till", "headline": "Letters", "wording": "Yes", "topics": [topic.pk], "is_double": "on",
              "asks_name": "on", "is_active": "on"}  # fmt: skip
    staff.post("/settings/sign-up/new/", fields)
    form = SignupForm.objects.get()

    page = staff.get(f"/settings/sign-up/{form.pk}/").content.decode()
    mark = staff.get(f"/settings/sign-up/{form.pk}/qr.svg")

    assert f"http://testserver/j/{form.code}" in page
    assert "&lt;form method=&quot;post&quot;" in page
    assert mark["Content-Type"] == "image/svg+xml"
    assert "Till" in staff.get("/settings/sign-up/").content.decode()
    staff.post(f"/settings/sign-up/{form.pk}/edit/", {**fields, "headline": "New"})
    assert SignupForm.objects.get().headline == "New"


# --- Suppression list -------------------------------------------------------------------------------------------------
def test_an_address_is_looked_up_by_its_hash(staff, at):
    consent.suppress(channel="email", address="carol@example.com", reason="complaint", at=at)
    consent.suppress(channel="sms", address="+442079460018", reason="manual", at=at)

    found = staff.get("/settings/suppression/", {"q": " CAROL@example.com"}).content.decode()
    phone = staff.get("/settings/suppression/", {"q": "+44 20 7946 0018"}).content.decode()
    nobody = staff.get("/settings/suppression/", {"q": "nobody@example.com"}).content.decode()

    assert "Reported as spam" in found.split("<tbody>")[1]
    assert "Blocked by staff" in phone.split("<tbody>")[1]
    assert "Not on the list" in nobody


def test_addresses_are_blocked_by_hand_and_from_a_file(staff, at):
    alice = people.alice()
    consent.suppress(channel="email", address="old@example.com", reason="complaint", at=at)
    file = SimpleUploadedFile("block.csv", b"name;E-Mail\nA;ALICE@example.com\nB;old@example.com\nC;no address\n")

    page = staff.post("/settings/suppression/add/", {"channel": "email", "file": file}).content.decode()
    staff.post("/settings/suppression/add/", {"channel": "email", "addresses": "bob@example.com\n\nbob@example.com"})

    assert "Line 4" in page
    assert set(Suppression.objects.values_list("reason", "customer")) == {
        ("complaint", None), ("manual", None), ("manual", alice.pk),
    }  # fmt: skip
    assert Suppression.objects.count() == 3
    entry = AuditEntry.objects.filter(verb="suppression.added").first()
    assert (entry.detail["new"], entry.detail["known"], entry.detail["unreadable"]) == (1, 1, 1)
    assert "example.com" not in str(list(AuditEntry.objects.values()))


def test_a_block_is_lifted_with_a_reason_and_an_erased_one_never(staff, at):
    consent.suppress(channel="email", address="a@example.com", reason="hard_bounce", at=at)
    consent.suppress(channel="email", address="b@example.com", reason="erased", at=at)
    bounced, erased = Suppression.objects.get(reason="hard_bounce"), Suppression.objects.get(reason="erased")

    staff.post(f"/settings/suppression/{bounced.pk}/remove/", {"reason": ""})
    assert Suppression.objects.count() == 2
    staff.post(f"/settings/suppression/{bounced.pk}/remove/", {"reason": "mailbox is back"})
    staff.post(f"/settings/suppression/{erased.pk}/remove/", {"reason": "please"})

    assert list(Suppression.objects.values_list("reason", flat=True)) == ["erased"]
    assert AuditEntry.objects.get(verb="suppression.removed").detail["reason"] == "mailbox is back"


def test_the_export_holds_hashes_and_no_addresses(staff, at):
    consent.suppress(channel="email", address="a@example.com", reason="manual", at=at)

    lines = b"".join(staff.post("/settings/suppression/export/").streaming_content).decode().splitlines()

    assert lines[0] == "channel,address_hash,reason,since"
    assert lines[1].startswith(f"email,{Suppression.objects.get().address_hash},manual,")
    assert AuditEntry.objects.filter(verb="suppression.exported").count() == 1


@pytest.mark.parametrize("text", ["\0\0", '"', "x" * 90_000, "a,b\n" * 500, '"a\n"b,c'])
def test_no_file_breaks_the_list(staff, text):
    file = SimpleUploadedFile("x.csv", text.encode())

    assert staff.post("/settings/suppression/add/", {"channel": "email", "file": file}).status_code == 200
    assert Suppression.objects.count() == 0


def test_marketers_block_and_never_lift(client, at):
    from django.contrib.auth.models import Group

    from config import roles

    roles.sync()
    user = people.staff_member("mo")
    user.groups.add(Group.objects.get(name="marketer"))
    client.force_login(user)
    consent.suppress(channel="email", address="a@example.com", reason="manual", at=at)

    assert client.get("/settings/suppression/add/").status_code == 200
    assert client.post(f"/settings/suppression/{Suppression.objects.get().pk}/remove/", {"reason": "x"}).status_code == 403
    assert client.post("/settings/suppression/export/").status_code == 403
    assert client.get("/settings/sign-up/new/").status_code == 200


# --- Overview ---------------------------------------------------------------------------------------------------------
def test_the_overview_counts_yes_no_and_never_asked(at):
    news = messages.topic()
    crowd = [people.customer(f"P{number}") for number in range(5)]
    set_to = [("granted", crowd[:3]), ("denied", crowd[3:4])]
    for state, some in set_to:
        consent.set_consent(
            [person.pk for person in some], topic=news, channel="email", state=state, source="form", wording="Yes", at=at
        )
    consent.set_consent(
        [crowd[0].pk],
        topic=news,
        channel="email",
        state="denied",
        source="preferences",
        wording="",
        at=at - timedelta(days=1),
    )
    wishes.wish(crowd[0].pk, wishes.Wish(paused_until=at + timedelta(days=1), is_tracked=False), source="x", at=at)

    found = overview.overview(at=at)

    [line] = found.lines
    assert (line.granted, line.denied, line.never, line.reachable) == (2, 2, 1, 0.4)
    assert (found.granted[-1], found.withdrawn[-1], found.withdrawn[-2], len(found.days)) == (3, 1, 1, 90)
    assert found.sources == [("form", 3, 1), ("preferences", 0, 1)]
    assert (found.paused, found.untracked) == (1, 1)


def test_the_pages_work_empty_and_full(staff, at):
    assert "No topics yet" in staff.get("/settings/consent/").content.decode()
    alice = people.alice()
    consent.set_consent(
        [alice.pk], topic=messages.topic(), channel="email", state="granted", source="form", wording="Yes", at=at
    )
    assert "Never asked" in staff.get("/settings/consent/").content.decode()
    assert "No address is blocked" in staff.get("/settings/suppression/").content.decode()


# --- One customer -----------------------------------------------------------------------------------------------------
def test_the_panel_shows_the_standing_the_wish_and_the_proof(staff, at):
    alice = people.alice()
    news, _tips = messages.topic(), messages.topic("tips")
    proof = consent.Proof("192.0.2.7", "Firefox", at - timedelta(minutes=5), "192.0.2.8")
    consent.set_consent(
        [alice.pk], topic=news, channel="email", state="granted", source="double opt-in: Website", wording="Yes", at=at,
        proof=proof,
    )  # fmt: skip
    wishes.wish(alice.pk, wishes.Wish(weekly_limit=1, is_tracked=False), source="preferences", at=at)

    page = staff.get(f"/customers/{alice.pk}/consents/").content.decode()

    for words in ("Never asked", "At most 1 a week", "Opens and clicks not counted", "Double opt-in: asked", "192.0.2.7",
                  "/p/me/", "Send the question", 'id="panel-consent"'):  # fmt: skip
        assert words in page


def test_the_link_is_for_those_who_may_change_consent(client, at):
    alice = people.alice()
    client.force_login(people.staff_member("vi", "customers.view_consent", "customers.view_customer"))

    page = client.get(f"/customers/{alice.pk}/consents/").content.decode()

    assert "/p/me/" not in page
    assert "Send the question" not in page


def test_an_import_never_clears_the_list(at):
    from customers.imports.actions import jobs
    from tests.factories import imports

    imports.account()
    suppressions.add_many(["alice@example.com"], channel="email", user_id=None, at=at)
    job = imports.queued("external_id,email\n1,alice@example.com\n", at)
    jobs.run_job(job.pk, clock=lambda: at, seconds=60)

    assert Customer.objects.count() == 1
    assert Suppression.objects.get().customer == Customer.objects.get()
