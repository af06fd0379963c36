"""The sample company's survey: one live NPS survey with nine months of generated answers, each marked as generated."""

import random
from datetime import datetime, timedelta

from django.db import transaction

from config.kit.clock import local_day
from customers.actions import timeline
from customers.models import Customer, CustomerFacts
from customers.ports.samples import Story
from customers.queries import brand
from surveys import events
from surveys.actions import latest
from surveys.enums import ResponseState, SurveyState
from surveys.forms import DEFAULTS
from surveys.models import Invitation, Response, ResponseRevision, Survey
from surveys.rules.nps import band_of

SAMPLE = "sample"
ASKED = 2900
ANSWER_SHARE = 0.31
COMMENT_SHARE = 0.42
SPREAD = timedelta(days=273)
# Shares of 0 ... 10 among customers with one order, and among those with four or more.
FIRST_TIME = [3, 1, 2, 3, 3, 6, 7, 16, 20, 18, 21]
REGULAR = [1, 0, 1, 1, 1, 3, 4, 12, 19, 24, 34]

WHAT = {
    "detractor": [
        "Two of the six mugs arrived broken and the box had almost no padding.",
        "Delivery took eleven days, the birthday was long over.",
        "The lantern looks a lot smaller than in the picture.",
        "I was charged for express and it came by normal post.",
        "Nobody answered my e-mail about the missing cake stand.",
        "The red of the bunting runs in the first wash.",
        "Half of my wholesale order was out of stock and I found out from the parcel.",
        "Returning one tray cost me more than the tray.",
        "The clock stopped after a week.",
        "Wrong colour twice in a row.",
        "The discount code from your own newsletter did not work.",
        "Scented candles that smell of nothing.",
        "The chalkboard was scratched, you could see it had been sent back before.",
        "Checkout failed three times before it took my card.",
    ],
    "passive": [
        "Nice things, but postage to Ireland is steep.",
        "Good quality, the website is a bit slow on my phone.",
        "All fine, only the parcel could have come a day earlier.",
        "Pretty packaging, though far too much plastic inside.",
        "I like the paper range, I wish there were more of it.",
        "Usual good service, nothing special this time.",
        "The jam jar labels peel off, the jars are lovely.",
        "Would order more often if small orders had cheaper delivery.",
        "The gift wrap option was hard to find.",
        "Fair prices. A loyalty card would be welcome.",
        "Happy with the tins, less with the lid of one of them.",
        "Search shows sold-out things first.",
    ],
    "promoter": [
        "The heart T-light holders are the best present I have found in years.",
        "Everything arrived wrapped like a gift and two days early.",
        "One cup was chipped and a new one was at my door the next morning.",
        "My shop sells out of your lunch bags every month.",
        "The vintage bunting makes every party, my neighbours now order too.",
        "So many small things under five pounds that do not look cheap.",
        "You can tell that somebody chooses this range with love.",
        "The cake stand survived three house moves.",
        "A real person answered my question within an hour.",
        "Stockings, cards and paper for four children in one order, done by lunchtime.",
        "My daughter carries the owl backpack everywhere.",
        "Reordering last year's Christmas box took me one minute.",
        "The handwritten note in the parcel made me smile.",
        "Better quality than the same lantern from the high street.",
    ],
}
AFTER = {
    "detractor": ["", "", "Please sort this out.", "Not what I expect from you.", "I had been a customer for years.",
                  "I would have liked a call.", "A pity, the products are nice.", "I will think twice next time."],
    "passive": ["", "", "Otherwise fine.", "I will probably order again.", "Keep going.", "Not a big problem.",
                "Perhaps something to look at."],
    "promoter": ["", "", "Thank you!", "I tell everybody.", "Already planning the next order.", "Please never change.",
                 "Ten out of ten from our house.", "See you at Christmas."],
}  # fmt: skip


@transaction.atomic
def build(story: Story) -> None:
    """Ask about 2,900 customers over nine months; about 900 answer, four in ten with a comment."""
    dice = random.Random(f"surveys:{story.seed}")
    survey = _survey(story)
    asked = _invite(survey, story, dice)
    answers = _answer(survey, asked, story, dice)
    _tell(survey, asked, answers, story)
    latest.refresh([answer.customer_id for answer in answers])
    story.progress("surveys", len(asked))


def _survey(story: Story) -> Survey:
    Survey.objects.filter(state=SurveyState.LIVE).update(state=SurveyState.CLOSED, closed_at=story.at)
    since = story.at - SPREAD - timedelta(days=7)
    texts = {key: str(text) for key, text in DEFAULTS.items()}
    return Survey.objects.create(
        name="How are we doing?",
        state=SurveyState.LIVE,
        opened_at=since,
        created_at=since,
        updated_at=since,
        **texts,
    )


def _invite(survey: Survey, story: Story, dice: random.Random) -> list[Invitation]:
    """Ask each chosen customer once, some days after their first order where that lies in the nine months."""
    facts = CustomerFacts.objects.filter(order_count__gt=0).order_by("customer_id")
    first_orders = {pk: first for pk, first in facts.values_list("customer_id", "first_order_at") if first is not None}
    if not first_orders:
        first_orders = dict(Customer.objects.order_by("id").values_list("id", "created_at"))
    customer_ids = sorted(dice.sample(sorted(first_orders), min(ASKED, len(first_orders))))
    invitations = []
    for customer_id in customer_ids:
        earliest = max(story.at - SPREAD, first_orders[customer_id] + timedelta(days=10))
        if earliest >= story.at - timedelta(hours=2):
            continue
        moment = earliest + (story.at - timedelta(hours=2) - earliest) * dice.random()
        invitations.append(
            Invitation(
                survey=survey,
                customer_id=customer_id,
                reference=f"{SAMPLE}:{survey.pk}",
                created_at=moment,
                sent_at=moment,
                expires_at=moment + timedelta(days=survey.link_days),
                source=SAMPLE,
            )
        )
    return Invitation.objects.bulk_create(invitations, batch_size=1000)


def _answer(survey: Survey, asked: list[Invitation], story: Story, dice: random.Random) -> list[Response]:
    zone = brand.current().timezone
    orders = dict(CustomerFacts.objects.values_list("customer_id", "order_count"))
    answers = []
    for invitation in asked:
        share = ANSWER_SHARE * (1.25 if orders.get(invitation.customer_id, 0) >= 4 else 0.85)
        if dice.random() >= share:
            continue
        moment = invitation.created_at + timedelta(minutes=3 + dice.expovariate(1 / 900))
        if moment >= story.at:
            continue
        weights = REGULAR if orders.get(invitation.customer_id, 0) >= 4 else FIRST_TIME
        score = dice.choices(range(11), _drifted(weights, moment, story))[0]
        band = band_of(score)
        comment = _comment(band, dice) if dice.random() < COMMENT_SHARE else ""
        invitation.opened_at = moment
        answers.append(
            Response(
                invitation=invitation,
                survey=survey,
                customer_id=invitation.customer_id,
                score=score,
                band=band,
                state=ResponseState.CONFIRMED,
                comment=comment,
                may_contact=bool(comment) and band == "detractor" and dice.random() < 0.5,
                answered_at=moment,
                confirmed_at=moment,
                updated_at=moment,
                local_day=local_day(moment, zone),
                source=SAMPLE,
            )
        )
    Invitation.objects.bulk_update([a.invitation for a in answers], ["opened_at"], batch_size=500)
    Response.objects.bulk_create(answers, batch_size=1000)
    ResponseRevision.objects.bulk_create(
        [
            ResponseRevision(
                response=a, score=a.score, comment=a.comment, may_contact=a.may_contact, state=a.state, at=a.answered_at
            )
            for a in answers
        ],
        batch_size=1000,
    )
    return answers


def _drifted(weights: list[int], moment: datetime, story: Story) -> list[float]:
    """The shop got a little better: the share of 0 to 6 shrinks by a third over the nine months."""
    age = (story.at - moment) / SPREAD
    return [weight * (0.8 + 0.4 * age) if score <= 6 else float(weight) for score, weight in enumerate(weights)]


def _comment(band: str, dice: random.Random) -> str:
    return f"{dice.choice(WHAT[band])} {dice.choice(AFTER[band])}".strip()


def _tell(survey: Survey, asked: list[Invitation], answers: list[Response], story: Story) -> None:
    base = {"survey_id": survey.pk, "survey": survey.name, "kind": survey.kind, "generated": True}
    new = [_event(events.SENT, "invitation", i.pk, i.customer_id, i.created_at, base) for i in asked]
    for answer in answers:
        said = {**base, "score": answer.score, "band": answer.band}
        new.append(_event(events.ANSWERED, "response", answer.pk, answer.customer_id, answer.answered_at, said))
        if answer.comment:
            said = {**said, "may_contact": answer.may_contact}
            new.append(_event(events.COMMENTED, "comment", answer.pk, answer.customer_id, answer.answered_at, said))
    timeline.record_many(new, at=story.at)


def _event(
    name: str, kind: str, pk: int, customer_id: int, moment: datetime, properties: dict[str, object]
) -> timeline.NewEvent:
    return timeline.NewEvent(
        customer_id=customer_id,
        name=name,
        occurred_at=moment,
        key=timeline.event_key("surveys", kind, pk),
        source=SAMPLE,
        properties=properties,
    )
