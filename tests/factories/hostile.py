"""A company whose every text was written by somebody who wants to break the pages that show it."""

import json
from datetime import timedelta

from campaigns.journeys.models import Enrolment
from campaigns.models import Engagement, OutboxMail
from customers.actions import timeline
from customers.models import (
    Connection,
    CustomerFacts,
    CustomerMerge,
    CustomerNote,
    DataRequest,
    Delivery,
    ExportJob,
    Identity,
    ImportJob,
    ImportProblem,
    IngestProblem,
    ListUpload,
    MrrMovement,
    OptIn,
    Order,
    Persona,
    Product,
    Refund,
    SegmentChange,
    SegmentVersion,
    SignupForm,
    StageRule,
    Subscription,
    SubscriptionChange,
    Suppression,
    TrackedEvent,
    TrackedProperty,
    WriteKey,
)  # fmt: skip
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
    source = Connection.objects.create(kind="shopify", name=TEXT[:100], code="hostile", account=TEXT[:60], created_at=at,
                                       problem=TEXT)  # fmt: skip
    delivery = Delivery.objects.create(connection=source, external_id=TEXT[:100], topic=TEXT[:70], payload={TEXT: TEXT},
                                       occurred_at=at, received_at=at, state="failed", reason=TEXT, subject=TEXT[:80])  # fmt: skip
    _events(alice, at)
    return {
        "source": source.pk, "delivery": delivery.pk, **_customer_floor(alice, order, segment, topic, at),
        "customer": alice.pk, "segment": segment.pk, "campaign": campaign.pk, "draft": draft.pk, "message": message.pk,
        "content": draft.content_id, "mail": mail.pk, "journey": journey.pk, "account": Account.objects.get().pk,
        "reward": reward.pk, "redemption": redemption.pk, "referral": Referral.objects.get().pk, "survey": survey.pk,
        "import": job.pk, "topic": topic.pk, "order": order.pk,
    }  # fmt: skip


def _customer_floor(alice, order, segment, topic, at):
    """Rows of the customer floor's own pages; every text that somebody outside can choose is hostile."""
    Identity.objects.create(kind="anonymous", value=f"visitor {TEXT}", customer=alice, linked_at=at)
    CustomerNote.objects.create(customer=alice, text=TEXT, created_at=at)
    Refund.objects.create(customer=alice, order=order, number=TEXT[:60], refunded_at=at, local_day=at.date(), amount_minor=1,
                          currency="GBP")  # fmt: skip
    subscription = Subscription.objects.create(customer=alice, reference=TEXT, plan=TEXT[:80], status="active", mrr_minor=100,
                                               currency="GBP", started_at=at, changed_at=at, source=TEXT[:40])  # fmt: skip
    SubscriptionChange.objects.create(
        subscription=subscription, changed_at=at, local_day=at.date(), status="active", plan=TEXT[:80], mrr_minor=100,
        reason=TEXT[:40], source=TEXT[:40], key=timeline.event_key("hostile", "subscription"),
    )  # fmt: skip
    MrrMovement.objects.create(customer=alice, local_day=at.date(), kind="new", amount_minor=100, before_minor=0,
                               after_minor=100, currency="GBP", reason=TEXT[:40])  # fmt: skip
    key = WriteKey.objects.create(name=TEXT[:120], kind="browser", fingerprint="f" * 64, hint="h", public_value=TEXT[:60],
                                  origins=TEXT, created_at=at,
                                  recent=[{"at": at.isoformat(), "type": TEXT, "name": TEXT, "id": TEXT}])  # fmt: skip
    for is_held in (True, False):
        IngestProblem.objects.create(write_key=key, type=TEXT[:20], message_id=TEXT, field=TEXT, reason=TEXT,
                                     body=json.dumps({"type": "track", "event": TEXT, "userId": "u", "messageId": "m", "timestamp": at.isoformat()}), is_held=is_held, received_at=at)  # fmt: skip
    rules = {"match": "all", "rules": [{"type": "field", "field": "customer.city", "op": "is", "value": BAD}]}
    SegmentVersion.objects.create(segment=segment, version=segment.pk, definition=rules, saved_at=at)
    SegmentChange.objects.create(segment=segment, customer=alice, entered=True, version=1, changed_at=at, cause="event")
    upload = ListUpload.objects.create(segment=segment, mode="add", state="ready", file_name=TEXT, error=TEXT, created_at=at,
                                       row_count=3, read_count=3, unknown_count=1, shared_count=1, entering=1)  # fmt: skip
    persona = Persona.objects.create(name=TEXT[:80], description=TEXT, goals=TEXT, category=TEXT, segment=segment)
    StageRule.objects.update_or_create(stage="lapsed", defaults={"segment": segment, "position": 99})
    event = TrackedEvent.objects.create(name=TEXT[:80], description=TEXT, sample={TEXT: TEXT}, source=TEXT[:40], count=1,
                                        first_seen_at=at, last_seen_at=at)  # fmt: skip
    for name in (event.name, ""):
        tracked = TrackedProperty.objects.create(event=name, name=TEXT, expected_type="string", description=TEXT, count=1,
                                                 example=TEXT, warning=TEXT, warned_at=at, first_seen_at=at,
                                                 last_seen_at=at)  # fmt: skip
    form = SignupForm.objects.create(name=TEXT[:120], code="hostile", headline=TEXT, text=TEXT, wording=TEXT, created_at=at)
    form.topics.add(topic)
    OptIn.objects.create(form=form, fingerprint="a" * 64, email="x@example.com", address_hash="b" * 64, first_name=TEXT,
                         wording=TEXT, requested_at=at, expires_at=at)  # fmt: skip
    CustomerMerge.objects.create(from_number=5, from_label=TEXT, into=alice, merged_at=at, source=TEXT[:40])
    DataRequest.objects.create(kind="export", customer=alice, customer_number=alice.pk, state="failed", requested_at=at,
                               error=TEXT)  # fmt: skip
    ExportJob.objects.create(key="customers", label=TEXT[:120], criteria={TEXT: TEXT}, state="failed", error=TEXT,
                             created_at=at)  # fmt: skip
    return {"key": key.pk, "persona": persona.pk, "tracked event": event.pk, "property": tracked.pk, "form": form.pk,
            "product": Product.objects.get().pk, "upload": upload.pk}  # fmt: skip


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
