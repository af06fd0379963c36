"""A company whose every text was written by somebody who wants to break the pages that show it."""

from datetime import timedelta

from campaigns.journeys.models import Enrolment
from campaigns.models import Engagement, OutboxMail
from customers.actions import timeline
from customers.models import CustomerFacts, ImportJob, ImportProblem, Order, Product, Suppression
from customers.ports import event_types
from loyalty.actions import points, rewards
from loyalty.models import Account
from referrals.models import Referral
from tests.factories import journeys, loyalty, messages, people, referrals, surveys

BAD = "<img src=x onerror=alert(1)>"  # as HTML this would run; as text it harms nobody
TEXT = f"\"'{BAD}</script>{{{{ 7*7 }}}}{{% if %}}"


def company(at):
    """Rows of every kind with hostile values; returns the id that each kind of route asks for."""
    messages.brand(name=BAD, sender_name=BAD)
    alice = people.customer(
        TEXT, last_name=TEXT, email="alice@example.com", city=TEXT, company=TEXT, industry=TEXT, persona=TEXT, plan=TEXT,
        external_id=TEXT, acquisition_channel=TEXT, attributes={TEXT: TEXT, "list": [TEXT], "dict": {TEXT: TEXT}},
    )  # fmt: skip
    CustomerFacts.objects.create(customer=alice, order_count=1, revenue_minor=100, first_order_at=at, last_order_at=at)
    order = Order.objects.create(customer=alice, number=TEXT[:60], placed_at=at, local_day=at.date(), total_minor=100,
                                 currency="GBP")  # fmt: skip
    Product.objects.create(sku=TEXT[:40], name=TEXT)
    topic = messages.topic(slug="hostile", description=TEXT)
    topic.name = TEXT
    topic.save()
    segment = messages.segment(alice, name=TEXT)
    campaign = messages.sending(
        alice, at=at, name=TEXT, segment=segment, topic=topic,
        content=messages.content(
            subject=f"{BAD} {{{{ customer.first_name }}}}", name=TEXT, preheader=BAD,
            blocks=[{"kind": "heading", "text": BAD}, {"kind": "button", "label": BAD, "url": "https://x.example.com/?a=1"}],
        ),
    )  # fmt: skip
    draft = messages.campaign(alice, name=f"{TEXT} 2", segment=segment, topic=topic, content=messages.content(name=TEXT))
    message = campaign_message(campaign, alice)
    Engagement.objects.create(message=message, kind="click", at=at, visitor="human", why=TEXT[:80], user_agent=TEXT)
    mail = OutboxMail.objects.create(sender=TEXT, recipient="alice@example.com", subject=TEXT, headers=TEXT, html=TEXT,
                                     text=TEXT, sent_at=at)  # fmt: skip
    journey = journeys.journey(journeys.send("hello"), name=TEXT, description=TEXT, goal={"event": "order.placed"})
    walk = journey.versions.get()
    Enrolment.objects.create(journey=journey, version=walk, customer=alice, step=walk.steps.first(), state="waiting",
                             due_at=at, entered_at=at, moved_at=at, run_key="once")  # fmt: skip
    messages.brand(name=BAD, sender_name=BAD)
    loyalty.programme(name=TEXT[:60])
    loyalty.tiers()
    points.give([alice.pk], points=500, reason=TEXT, key="hostile", at=at)
    reward = loyalty.reward(name=TEXT[:60], description=TEXT, cost=100)
    redemption = rewards.claim(alice.pk, reward_id=reward.pk, key="one", at=at)
    referrals.programme(name=TEXT, headline=TEXT, description=TEXT, terms=TEXT, currency="GBP")
    referrals.claim(referrals.code(alice, at), at, email="friend@example.com")
    survey = surveys.survey(name=TEXT, question=TEXT)
    surveys.response(survey, alice, 3, at, comment=TEXT, may_contact=True)
    job = ImportJob.objects.create(kind="customers", file="imports/none.csv", file_name=TEXT, header=[TEXT], state="done",
                                   error=TEXT, created_at=at, problem_count=1)  # fmt: skip
    ImportProblem.objects.create(job=job, line=2, column=TEXT, reason=TEXT, row=[TEXT, "=1+1"])
    messages.consent(alice, topic=topic)
    Suppression.objects.create(channel="email", address_hash="0" * 64, reason="manual", customer=alice, created_at=at)
    _events(alice, at)
    return {
        "customer": alice.pk, "segment": segment.pk, "campaign": campaign.pk, "draft": draft.pk, "message": message.pk,
        "content": draft.content_id, "mail": mail.pk, "journey": journey.pk, "account": Account.objects.get().pk,
        "reward": reward.pk, "redemption": redemption.pk, "referral": Referral.objects.get().pk, "survey": survey.pk,
        "import": job.pk, "topic": topic.pk, "order": order.pk,
    }  # fmt: skip


def campaign_message(campaign, customer):
    from campaigns.models import Message

    return Message.objects.get(source_id=campaign.pk, customer=customer)


def _events(customer, at):
    names = [event.name for event in event_types.all()] + [f"x.{'y' * 20}"]
    keys = sorted({key for event in event_types.all() for key in event.properties})
    timeline.record_many(
        [
            timeline.NewEvent(
                customer_id=customer.pk, name=name, occurred_at=at + timedelta(minutes=number), source=BAD[:40],
                key=timeline.event_key("hostile", name), properties=dict.fromkeys(keys, TEXT),
            )
            for number, name in enumerate(names)
        ],
        at=at,
    )  # fmt: skip
