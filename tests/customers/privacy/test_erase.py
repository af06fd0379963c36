"""T-46: after an erasure nothing in the database or among the files names the person, and no backup brings them back."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.management import call_command

from customers.actions import consent, timeline
from customers.ingest.actions import hold
from customers.models import (
    AnonymousEvent,
    AuditEntry,
    Connection,
    Customer,
    CustomerMerge,
    Delivery,
    Erasure,
    Event,
    Identity,
    ImportJob,
    ImportProblem,
    IngestBatch,
    IngestProblem,
    Order,
    SpentKey,
    Suppression,
    TrackedEvent,
    TrackedProperty,
    WriteKey,
)  # fmt: skip
from customers.privacy.actions import erase, merge
from tests.factories import people
from tests.factories.world import MARK, person, with_a_key

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
# Texts that stay and why: none of them is typed by or about a person.
BOOKS = {  # numbers and plans of the company's books
    "customers.Order": ("number", "source", "charged_currency"), "customers.Refund": ("number",),
    "customers.Subscription": ("plan", "reference"), "customers.SubscriptionChange": ("plan", "reason", "source"),
    "customers.MrrMovement": ("reason",), "customers.Customer": ("plan",), "referrals.Referral": ("order_number",),
}  # fmt: skip
PROOF = {"customers.ConsentChange": ("source", "wording", "wording_digest")}  # what was agreed to, and where
HASHES = {  # keyed hashes and keys of machines
    "customers.Suppression": ("address_hash",), "customers.DataRequest": ("fingerprint",), "referrals.Referral": ("email_hash",),
    "campaigns.Message": ("provider_id",), "referrals.RewardGrant": ("key",), "loyalty.Entry": ("idempotency_key",),
    "referrals.Code": ("code",), "loyalty.Redemption": ("code",), "surveys.ResponseRevision": ("page",),
}  # fmt: skip
WORDS_OF_OURS = {  # written by the program, never by people
    "campaigns.Engagement": ("why",), "customers.CustomerMerge": ("source",), "customers.SegmentTouch": ("name",),
    "loyalty.Entry": ("breakdown", "source_type"), "referrals.Click": ("medium",), "referrals.Referral": ("source",),
    "surveys.Invitation": ("reference", "source"), "surveys.Response": ("source",),
}  # fmt: skip
STAYS = {(label, name) for part in (BOOKS, PROOF, HASHES, WORDS_OF_OURS) for label, names in part.items() for name in names}
EMAIL = "Zoe.Quill@Example.com"


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


def zoe(at, **more):
    return people.customer(
        "Zoe", **{"last_name": "Quill", "email": EMAIL.lower(), "phone": "+447700900123", "external_id": "zq-77123",
                  "created_at": at, "attributes": {"pet": "Schnurrli"}} | more
    )  # fmt: skip


def erased(customer, at):
    return erase.erase(customer.pk, reason="request", user_id=None, at=at)


def strings(*words):
    """Where any of these words stands, in any column of any table, whatever its type."""
    return {
        (model._meta.label, name)
        for model in apps.get_models()
        for row in model._default_manager.values()
        for name, value in row.items()
        if any(word.lower() in repr(value).lower() for word in words)
    }


def test_nobody_finds_the_person_again(at, data_dir):
    customer, other = zoe(at), people.bob()
    Identity.objects.create(kind="anonymous", value="anon-zoe-1", customer=customer, linked_at=at)
    key = WriteKey.objects.create(name="k", kind="server", fingerprint="f", hint="h", created_at=at)
    mine = {"type": "track", "userId": "zq-77123", "event": "Seen", "properties": {"pet": "Schnurrli"}}
    yours = {"type": "track", "userId": "bob", "event": "Seen"}
    IngestBatch.objects.create(write_key=key, received_at=at, body=json.dumps([mine, yours]), message_count=2)
    IngestBatch.objects.create(write_key=key, received_at=at, body=json.dumps([mine]), message_count=1)
    IngestProblem.objects.create(reason="no", body=json.dumps({"traits": {"email": EMAIL}}), received_at=at)
    AnonymousEvent.objects.create(
        anonymous_id="anon-zoe-1", name="Viewed", occurred_at=at, received_at=at, source="x",
        key=timeline.event_key("t", 1),
    )  # fmt: skip
    connection = Connection.objects.create(kind="stripe", name="S", code="c", created_at=at)
    payload = {"data": {"object": {"receipt": f"sent to {EMAIL}"}}}
    for number, body in enumerate((payload, {"amount": 77123, "email": other.email})):
        Delivery.objects.create(
            connection=connection, external_id=str(number), topic="t", payload=body, occurred_at=at, received_at=at
        )
    job = ImportJob(kind="customers", file_name="people.csv", state="done", created_at=at)
    job.file.save("people.csv", ContentFile(f"email,name\n{EMAIL},Zoe\n".encode()))
    ImportProblem.objects.create(job=job, line=2, reason="bad", row=[EMAIL, "Zoe"])
    TrackedEvent.objects.create(name="Seen", sample={"pet": "Schnurrli"})
    TrackedProperty.objects.create(name="pet", expected_type="string", example="Schnurrli")
    timeline.record(
        timeline.NewEvent(customer.pk, "Seen", at, timeline.event_key("t", 2), "x", {"pet": "Schnurrli", "n": "Zoe"}), at=at
    )

    erased(customer, at)

    assert strings("zoe", "quill", "zq-77123", "7700900123", "schnurrli") == set()
    assert not any(b"zoe" in path.read_bytes().lower() for path in data_dir.rglob("*") if path.is_file())
    assert [batch.message_count for batch in IngestBatch.objects.all()] == [1]
    assert Delivery.objects.get(external_id="1").payload["email"] == other.email
    assert Customer.objects.filter(pk=other.pk, email=other.email).exists()
    assert SpentKey.objects.count() == 2
    assert AuditEntry.objects.get(verb="customer.erased").detail["customer"] == customer.pk


def test_a_replayed_event_of_an_erased_person_changes_nothing(at):
    customer = zoe(at)
    key = timeline.event_key("t", 2)
    timeline.record(timeline.NewEvent(customer.pk, "Seen", at, key, "x", {}), at=at)

    erased(customer, at)

    assert SpentKey.objects.filter(key=key).exists()
    assert not Event.objects.filter(customer=customer).exclude(name__startswith="order.").exists()


def test_the_administration_forgets_the_name(at):
    customer = zoe(at)
    user = people.staff_member("root")
    kind = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.create(user=user, content_type=kind, object_id=customer.pk, object_repr="Zoe Quill", action_flag=2)

    erased(customer, at)

    assert LogEntry.objects.get().object_repr == ""


def test_orders_keep_their_sums_without_a_name(at):
    customer = zoe(at)
    Order.objects.create(customer=customer, number="A1", placed_at=at, local_day=at.date(), total_minor=500, currency="GBP")
    timeline.record(
        timeline.NewEvent(customer.pk, "order.placed", at, timeline.event_key("o", 1), "x", {"number": "A1", "to": "Zoe"}),
        at=at,
    )

    erased(customer, at)

    assert Order.objects.get().total_minor == 500
    assert Event.objects.get(name="order.placed").properties == {"number": "A1"}


def test_an_erased_address_stays_blocked_when_it_is_taken_in_again(at):
    erased(zoe(at), at)

    again = people.customer("Zoe", email=EMAIL.lower())
    consent.relink_suppressions([again.pk])

    assert Suppression.objects.filter(customer=again, reason="erased").exists()


def test_traces_of_merged_customers_go_too(at):
    customer, twin = zoe(at), people.customer("Zo", email="zo@example.org", external_id="zo-old-1")
    merge.merge(twin.pk, customer.pk, source="staff", user_id=None, at=at)
    IngestProblem.objects.create(reason="no", body='{"email": "zo@example.org"}', received_at=at)

    erased(customer, at)

    assert strings("zo@example", "zo-old-1", "quill") == set()
    assert CustomerMerge.objects.get().kept == {}


def test_a_restored_backup_is_cleaned_by_the_log(at, data_dir, capsys):
    customer = zoe(at)
    before = Customer.objects.filter(pk=customer.pk).values().get()
    moved = {**before, "id": customer.pk + 100, "external_id": None, "phone": ""}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda call, **_: call())
        erased(customer, at + DAY)
    Customer.objects.all().delete()
    Erasure.objects.all().delete()
    Suppression.objects.all().delete()
    Customer.objects.create(**before)
    Customer.objects.create(**moved)
    newcomer = people.customer("Somebody", email="new@example.com")
    returned = people.customer("Zoe", email=EMAIL.lower(), created_at=at + 5 * DAY)

    call_command("replay_erasures")

    assert "erased again: 2" in capsys.readouterr().out
    left = {c.pk: c.email for c in Customer.objects.all()}
    assert left == {before["id"]: "", moved["id"]: "", newcomer.pk: "new@example.com", returned.pk: EMAIL.lower()}
    assert Suppression.objects.filter(reason="erased").count() == 2
    assert erase.replay(at=at)["erased again"] == 0


def test_a_number_that_was_given_out_anew_is_not_erased(at):
    customer = zoe(at, email="", phone="")
    number = customer.pk
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda call, **_: call())
        erased(customer, at)
    Customer.objects.all().delete()
    people.customer("Nora", id=number, created_at=at + DAY)

    assert erase.replay(at=at + 2 * DAY)["erased again"] == 0
    assert Customer.objects.get(pk=number).first_name == "Nora"


def test_the_log_is_completed_when_it_could_not_be_written(at):
    erased(zoe(at), at)
    erase.log_path().unlink(missing_ok=True)

    assert (erase.complete_log(), erase.complete_log()) == (1, 0)
    assert erase.log_path().read_text().count("\n") == 1


def test_a_row_in_every_table_leaves_no_word_behind(at):
    """A person with a row in every table that has a key to a customer, each text filled with a word of theirs."""
    customer = person(at)
    assert {label for label, _ in strings(MARK)} >= {model._meta.label for model in with_a_key()}

    erased(customer, at)

    assert strings(MARK) <= STAYS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-8-sig"])
def test_uploads_that_name_the_person_go_whatever_their_characters(at, data_dir, encoding):
    jobs = {}
    for name in ("Zoë Quill", "Someone Else"):
        job = ImportJob(kind="customers", file_name="people.csv", state="done", created_at=at, encoding=encoding)
        job.file.save("people.csv", ContentFile(f"full name\n{name}\n".encode(encoding)))
        jobs[name] = job.pk

    erased(people.customer("Zoë", last_name="Quill", email=EMAIL), at)

    assert dict(ImportJob.objects.values_list("pk", "file"))[jobs["Zoë Quill"]] == ""
    assert dict(ImportJob.objects.values_list("pk", "file"))[jobs["Someone Else"]] != ""


def test_held_messages_of_an_erased_person_keep_nobody_elses_waiting(at):
    key = WriteKey.objects.create(name="k", kind="server", fingerprint="f", created_at=at)
    for address in (EMAIL.lower(), "other@example.com"):
        data = {"type": "identify", "messageId": address, "timestamp": at.isoformat(), "traits": {"email": address}}
        IngestProblem.objects.create(
            write_key=key, type="identify", reason="x", body=json.dumps(data), is_held=True, received_at=at
        )

    erased(people.customer("Zoe", last_name="Quill", email=EMAIL.lower()), at)

    assert hold.retry(at=at) == (1, 0)
    assert list(Customer.objects.exclude(email="").values_list("email", flat=True)) == ["other@example.com"]
