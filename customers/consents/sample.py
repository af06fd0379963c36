"""The sample company's sign-up form, with people who came by it, and a few wishes about marketing.

Generated, and marked so: addresses of those who have not confirmed yet are of example.com.
"""

from datetime import timedelta
from random import Random

from config.kit import tokens
from customers.consents.actions import preferences, topics
from customers.enums import Channel
from customers.models import Customer, OptIn, SignupForm, Topic
from customers.ports.samples import Story
from customers.rules import addresses

CODE = "SAMPLEFORM"
WORDING = "Yes, write to me by e-mail. I can say no at any time, in every message."


def build(story: Story) -> None:
    """One form, some sign-ups, and about one customer in thirty with a wish."""
    offered = list(Topic.objects.filter(archived_at=None).order_by("position", "name"))
    if not offered or SignupForm.objects.filter(code=CODE).exists():
        return
    for topic in offered:
        if not topic.wording:
            topic.wording = f"Yes, send me “{topic.name}” by e-mail. I can say no at any time."
            topic.save(update_fields=["wording"])
        topics.keep_wording(topic, at=story.at - timedelta(days=300))
    dice = Random(story.seed + 31)
    form = SignupForm.objects.create(
        name="Website footer", code=CODE, headline="Letters worth opening", wording=WORDING,
        text="Now and then, and only what you chose.", created_at=story.at - timedelta(days=120),
    )  # fmt: skip
    form.topics.set(offered[:3])
    people = list(Customer.objects.exclude(email="").order_by("id")[:3000])
    _sign_ups(form, dice.sample(people, min(40, len(people))), dice, story)
    for customer in dice.sample(people, len(people) // 30):
        wish = dice.choice([
            preferences.Wish(paused_until=story.at + timedelta(days=dice.randrange(5, 80))),
            preferences.Wish(weekly_limit=dice.choice([1, 2])), preferences.Wish(is_tracked=False),
        ])  # fmt: skip
        preferences.wish(customer.pk, wish, source="sample", at=story.at - timedelta(days=dice.randrange(1, 60)))
    story.progress("wishes", len(people) // 30)


def _sign_ups(form: SignupForm, people: list[Customer], dice: Random, story: Story) -> None:
    rows = []
    for number, customer in enumerate(people):
        asked_at = story.at - timedelta(days=dice.uniform(0.2, 110))
        is_done = number % 5 > 0
        email = customer.email if is_done else f"waiting-{number}@example.com"
        rows.append(
            OptIn(
                form=form, fingerprint=tokens.fingerprint(f"sample:{number}"), email=email,
                address_hash=addresses.fingerprint(Channel.EMAIL, email), wording=WORDING, requested_at=asked_at,
                expires_at=asked_at + timedelta(days=7), confirmed_at=asked_at + timedelta(minutes=9) if is_done else None,
                customer=customer if is_done else None, topics=list(form.topics.values_list("pk", flat=True)),
            )
        )  # fmt: skip
    OptIn.objects.bulk_create(rows)
    story.progress("sign-ups", len(rows))
