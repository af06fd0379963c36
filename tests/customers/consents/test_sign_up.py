"""Sign-up forms and double opt-in: what strangers, scanners, programs and the right person get."""

import re
import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from campaigns.actions import system_mails
from campaigns.adapters.outbox import OutboxTransport
from campaigns.models import OutboxMail, SystemMail
from config.kit import tokens
from customers.actions import consent
from customers.consents.actions import opt_in
from customers.consents.adapters import limits
from customers.models import (
    AuditEntry,
    Consent,
    ConsentChange,
    Customer,
    Event,
    OptIn,
    SignupForm,
    Suppression,
)
from tests.factories import messages, people

pytestmark = pytest.mark.django_db
VISITOR = opt_in.Visitor("192.0.2.9", "Firefox")


@pytest.fixture(autouse=True)
def _clean():
    cache.clear()
    messages.brand()


@pytest.fixture
def form(at):
    return make_form(at)


def make_form(at, *topics, **values):
    made = SignupForm.objects.create(
        name="Website", code=values.pop("code", "ABCDEFGH"), headline="Letters", wording="Yes, write to me", created_at=at,
        **values,
    )  # fmt: skip
    made.topics.set(topics or [messages.topic()])
    return made


def post(form, email, client=None, **fields):
    client = client or Client(enforce_csrf_checks=True)
    headers = fields.pop("headers", {})
    return client.post(f"/j/{form.code}", {"email": email, **fields}, headers=headers)


def send(at):
    while system_mails.send_batch(OutboxTransport(), at=at):
        pass


def link(recipient=None):
    mails = OutboxMail.objects.filter(recipient=recipient) if recipient else OutboxMail.objects.all()
    return re.search(r"/j/ok/[A-Za-z0-9_-]+", mails.latest("pk").text)[0]


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (Customer, Consent, ConsentChange, Event, Suppression)]


def test_sign_up_is_recorded_with_full_proof_once_its_owner_presses_the_button(form, at, frozen_clock):
    post(form, "New@Example.com", first_name="Nora", last_name="New", headers={"User-Agent": "Firefox 1"})
    before = everything()
    send(at)
    frozen_clock.move_to(at + timedelta(hours=3))
    page = Client().get(link())
    answer = Client(enforce_csrf_checks=True).post(link(), headers={"User-Agent": "Firefox 2"})

    assert before == [[], [], [], [], []]
    assert "n•••@e•••.com" in page.content.decode()
    customer = Customer.objects.get()
    assert (customer.email, customer.name) == ("new@example.com", "Nora New")
    assert answer["Location"].startswith("http://testserver/p/me/")
    proof = ConsentChange.objects.get()
    assert (proof.requested_at, proof.changed_at) == (at, at + timedelta(hours=3))
    assert (proof.requested_from, proof.client_address, proof.user_agent) == ("127.0.0.1", "127.0.0.1", "Firefox 2")
    assert (proof.source, proof.wording) == ("double opt-in: Website", "Yes, write to me\nNews")
    assert list(Event.objects.order_by("name").values_list("name", flat=True)) == ["consent.granted", "customer.created"]
    assert Client().get(answer["Location"].removeprefix("http://testserver")).status_code == 200


@pytest.mark.parametrize("agent", ["Mimecast URL Protect", "curl/8.1", "Mozilla/5.0 Firefox", ""])
def test_whoever_follows_the_link_by_get_or_head_confirms_nothing(form, at, frozen_clock, agent):
    post(form, "new@example.com")
    send(at)

    for method in ("get", "head"):
        assert getattr(Client(), method)(link(), headers={"User-Agent": agent}).status_code == 200

    assert everything() == [[], [], [], [], []]
    assert OptIn.objects.get().confirmed_at is None


def test_a_mail_says_who_asks_and_is_sent_once(form, at, frozen_clock):
    post(form, "new@example.com")
    send(at)
    send(at)

    mail = OutboxMail.objects.get()
    assert mail.subject == "Please confirm your e-mail for Tea & Co"
    assert "Auto-Submitted: auto-generated" in mail.headers
    assert "List-Unsubscribe" not in mail.headers
    assert "1 High Street" in mail.text
    assert SystemMail.objects.get().values == {}
    assert link().rsplit("/", 1)[1] not in str(list(OptIn.objects.values())) + str(list(SystemMail.objects.values()))


def test_the_answer_is_the_same_for_every_address(form, at, frozen_clock):
    alice, bob = people.alice(), people.bob()
    messages.consent(alice)
    messages.consent(bob, state="denied")
    consent.suppress(channel="email", address="carol@example.com", reason="complaint", at=at)
    consent.suppress(channel="email", address="dora@example.com", reason="erased", at=at)
    addresses = ["alice@example.com", "bob@example.com", "carol@example.com", "dora@example.com", "new@example.com"]

    answers = {re.sub(rb'value="[^"]*"', b"", post(form, address).content) for address in addresses}

    assert len(answers) == 1
    assert OptIn.objects.count() == SystemMail.objects.count() == 5


def test_every_address_costs_the_same_statements(form, at, frozen_clock, django_assert_num_queries):
    from django.test.utils import CaptureQueriesContext

    people.alice()
    consent.suppress(channel="email", address="carol@example.com", reason="complaint", at=at)
    post(form, "warm@example.com")
    counts = set()
    for address in ("alice@example.com", "carol@example.com", "new@example.com"):
        with CaptureQueriesContext(connection) as queries:
            post(form, address)
        counts.add(len(queries))

    assert len(counts) == 1


def test_an_address_gets_three_mails_a_day_from_whatever_network(form, at, frozen_clock):
    for number in range(6):
        answer = post(form, "Victim@example.com", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        assert answer.status_code == 200

    assert SystemMail.objects.count() == 3
    frozen_clock.move_to(at + timedelta(days=1, minutes=1))
    post(form, "victim@example.com")
    assert SystemMail.objects.count() == 4


def test_one_network_is_stopped_and_a_forged_header_does_not_help(form, at, frozen_clock, settings):
    """T-25: the count goes by the address that our own proxies saw."""
    settings.TRUSTED_PROXIES = 1
    codes = []
    for number in range(limits.SIGN_UPS + 2):
        forged = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.4"}
        codes.append(post(form, f"p{number}@example.com", headers=forged).status_code)

    assert codes == [200] * limits.SIGN_UPS + [429] * 2
    assert OptIn.objects.count() == limits.SIGN_UPS
    assert post(form, "other@example.com", headers={"X-Forwarded-For": "198.51.100.5"}).status_code == 200


def test_one_mailbox_is_not_flooded_by_other_spellings_of_its_address(form, at, frozen_clock):
    spellings = [f"Vic.Tim+{number}@example.com" for number in range(10)] + ["victim@example.com", "v.ictim@example.com"]
    pages = {post(form, address).content.decode().split("stamp")[0] for address in spellings}

    assert OptIn.objects.count() == limits.PER_MAILBOX
    assert len(pages) == 1
    post(form, "other@example.com")
    assert OptIn.objects.count() == limits.PER_MAILBOX + 1


def test_a_yes_from_a_former_address_is_none_for_the_new_one(at, frozen_clock):
    alice, news = people.alice(), messages.topic()
    opt_in.ask(alice, topics=[news], user_id=people.staff_member().pk, at=at)
    send(at)
    Customer.objects.filter(pk=alice.pk).update(email="somebody.else@example.com")

    Client().post(link())

    assert dict(Consent.objects.values_list("customer__email", "state")) == {"alice@example.com": "granted"}
    assert not Consent.objects.filter(customer=alice).exists()


def test_a_whole_ipv6_network_counts_as_one():
    assert limits.network("2001:db8::1") == limits.network("2001:db8::ffff:1")
    assert limits.network("2001:db8::1") != limits.network("2001:db8:0:1::1")


@pytest.mark.parametrize("fields", [{"nickname": "x"}, {"stamp": "now"}, {"stamp": "A" * 32}, {"stamp": "forged"}])
def test_programs_get_the_same_answer_and_nothing_happens(form, at, frozen_clock, fields):
    if fields.get("stamp") == "now":
        fields = {"stamp": tokens.sign("sign-up-stamp", int(at.timestamp()))}

    answer = post(form, "new@example.com", **fields)

    assert "Look into your inbox" in answer.content.decode()
    assert OptIn.objects.count() == 0


def test_a_person_who_read_the_form_is_no_program(form, at, frozen_clock):
    page = Client().get(f"/j/{form.code}").content.decode()
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)[1]
    frozen_clock.move_to(at + timedelta(seconds=5))

    post(form, "new@example.com", stamp=stamp)

    assert OptIn.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["", "not an address", "a@b", "x@example.com\r\nBcc: all@example.com", "a" * 300 + "@x.com"]
)
def test_what_is_no_address_is_said_so(form, at, frozen_clock, address):
    answer = post(form, address)

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert OptIn.objects.count() == 0


def test_topics_are_chosen_and_only_those_of_the_form(at, frozen_clock):
    news, tips, other = messages.topic(), messages.topic("tips"), messages.topic("other")
    form = make_form(at, news, tips)
    page = Client().get(f"/j/{form.code}").content.decode()
    post(form, "new@example.com")
    post(form, "new@example.com", topic=[str(tips.pk), str(other.pk)])
    post(form, "new@example.com", topic=[str(tips.pk)])
    send(at)
    Client().post(link())

    assert "checked" not in page
    assert OptIn.objects.count() == 1
    assert list(Consent.objects.values_list("topic__slug", flat=True)) == ["tips"]


def test_a_closed_or_unknown_form_is_not_there(form, at):
    form.is_active = False
    form.save()

    assert {post(form, "new@example.com").status_code, Client().get("/j/XXXXXXXX").status_code} == {404}
    assert Client().get("/j/ok/nothing").status_code == 404


def test_a_lapsed_link_confirms_nothing_and_offers_a_new_one(form, at, frozen_clock):
    post(form, "new@example.com")
    send(at)
    old = link()
    frozen_clock.move_to(at + timedelta(days=7, seconds=1))
    pages = [Client().get(old).content.decode(), Client().post(old).content.decode()]
    assert all("This link has lapsed" in page for page in pages)
    assert everything() == [[], [], [], [], []]

    Client().post(old, {"action": "again"})
    send(at + timedelta(days=8))
    assert link() != old
    Client().post(link())

    assert Consent.objects.get().state == "granted"


def test_confirming_twice_changes_nothing_more(form, at, frozen_clock):
    post(form, "new@example.com")
    send(at)
    Client().post(link())
    before = everything()

    answers = [Client().post(link()).status_code, Client().get(link()).status_code]

    assert answers == [302, 200]
    assert everything() == before


def test_a_known_customer_keeps_name_and_gets_the_consent(form, at, frozen_clock):
    alice = people.alice()
    messages.consent(alice, state="denied")
    post(form, "ALICE@example.com", first_name="Mallory")
    send(at)
    Client().post(link())

    alice.refresh_from_db()
    assert (alice.first_name, Customer.objects.count(), Consent.objects.get().state) == ("Alice", 1, "granted")


def test_the_owners_new_yes_lifts_manual_and_erased_blocks_only(form, at, frozen_clock):
    for name, reason in [("m", "manual"), ("e", "erased"), ("c", "complaint"), ("h", "hard_bounce")]:
        consent.suppress(channel="email", address=f"{name}@example.com", reason=reason, at=at)
        post(form, f"{name}@example.com")
    send(at)

    assert set(OutboxMail.objects.values_list("recipient", flat=True)) == {"m@example.com", "e@example.com"}
    assert set(SystemMail.objects.filter(state="skipped").values_list("reason", flat=True)) == {"suppressed"}
    assert Suppression.objects.count() == 4
    for name in "me":
        Client().post(link(f"{name}@example.com"))
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"complaint", "hard_bounce"}
    assert AuditEntry.objects.filter(verb="suppression.lifted").count() == 2


def test_a_form_without_confirmation_takes_strangers_at_once_but_never_overrules_a_no(at, frozen_clock):
    form = make_form(at, is_double=False)
    bob = people.bob()
    messages.consent(bob, state="denied")
    consent.suppress(channel="email", address="eve@example.com", reason="erased", at=at)

    for address in ("new@example.com", "bob@example.com", "eve@example.com"):
        post(form, address)

    assert dict(Consent.objects.values_list("customer__email", "state")) == {
        "new@example.com": "granted", "bob@example.com": "denied",
    }  # fmt: skip
    assert ConsentChange.objects.get().source == "sign-up: Website"
    assert set(SystemMail.objects.values_list("recipient", flat=True)) == {"bob@example.com", "eve@example.com"}
    assert Suppression.objects.count() == 1


def test_staff_ask_a_customer_who_never_answered(at, frozen_clock, client):
    alice, news = people.alice(), messages.topic()
    client.force_login(people.staff_member("marta", "customers.change_consent", "customers.view_customer"))

    client.post(f"/customers/{alice.pk}/ask/", {"topic": [str(news.pk)]})
    send(at)
    Client().post(link())

    assert OutboxMail.objects.get().subject == "May Tea & Co write to you?"
    assert (Consent.objects.get().customer, ConsentChange.objects.get().source) == (
        alice, "double opt-in: asked by staff",
    )  # fmt: skip
    assert AuditEntry.objects.filter(verb="consent.asked").count() == 1


@pytest.mark.parametrize("why", ["denied", "blocked", "asked", "no address", "no topic"])
def test_staff_may_not_ask_who_said_no_or_is_blocked_or_was_asked(at, frozen_clock, why):
    alice, news = people.alice(email="" if why == "no address" else "alice@example.com"), messages.topic()
    if why == "denied":
        messages.consent(alice, state="denied")
    if why == "blocked":
        consent.suppress(channel="email", address="alice@example.com", reason="manual", at=at)
    if why == "asked":
        opt_in.ask(alice, topics=[news], user_id=people.staff_member().pk, at=at - timedelta(days=29))
        SystemMail.objects.all().delete()

    with pytest.raises(opt_in.CannotAsk):
        opt_in.ask(alice, topics=[] if why == "no topic" else [news], user_id=people.staff_member("kim").pk, at=at)

    assert SystemMail.objects.count() == 0


def test_requests_never_confirmed_are_forgotten_thirty_days_after_they_lapsed(form, at, frozen_clock):
    post(form, "new@example.com")
    post(form, "kept@example.com")
    send(at)
    Client().post(link("kept@example.com"))

    assert opt_in.forget_old(at=at + timedelta(days=37)) == 0
    assert opt_in.forget_old(at=at + timedelta(days=37, seconds=1)) == 1
    assert OptIn.objects.get().email == "kept@example.com"


def test_names_that_are_web_addresses_are_not_mailed_to_strangers(form, at, frozen_clock):
    post(form, "new@example.com", first_name="Win at https://evil.example", last_name="A\nB")

    assert list(OptIn.objects.values_list("first_name", "last_name")) == [("", "A B")]


@pytest.mark.django_db(transaction=True)
def test_two_links_of_one_address_pressed_at_once_make_one_customer(on_postgresql, at, frozen_clock):
    news = messages.topic()
    form = make_form(at, news)
    asked = [opt_in.request(form, email="new@example.com", topics=[news], visitor=VISITOR, at=at) for _ in range(2)]
    send(at)
    found = [re.search(r"/j/ok/([\w-]+)", mail.text)[1] for mail in OutboxMail.objects.all()]
    barrier, failed = threading.Barrier(6), []

    def press(token):
        try:
            barrier.wait()
            opt_in.confirm(token, visitor=VISITOR, at=at)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(found[number % 2],)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert (len(asked), Customer.objects.count(), Consent.objects.count()) == (2, 1, 1)
    assert ConsentChange.objects.count() == 2
    assert Event.objects.filter(name="consent.granted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_flood_for_one_address_writes_three_mails(on_postgresql, at):
    news = messages.topic()
    form = make_form(at, news)
    barrier = threading.Barrier(12)

    def ask():
        try:
            barrier.wait()
            opt_in.request(form, email="victim@example.com", topics=[news], visitor=VISITOR, at=at)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 <= SystemMail.objects.count() <= 3
