"""From the first order to the second: the step after which customers tend to stay."""

from campaigns.journeys.rules.recipes.recipe import Mail, Recipe, button, heading, send, text, wait

HELLO = '{{ customer.first_name or "there" }}'

WELCOME = Mail(
    subject='Welcome, {{ customer.first_name or "and thank you for your first order" }}',
    preheader="Your order is in good hands. Here is what happens next.",
    blocks=(
        heading(f"Hello {HELLO}, good to have you with us"),
        text(
            "Thank you for your first order. We are packing it with care, and you will hear from us as soon as it is on "
            "its way.",
            "Over the next two weeks we will send you **two short e-mails** with ideas that other customers found useful. "
            "If you would rather not get them, one click at the bottom is enough.",
        ),
        {"kind": "points", "text": "Your first order already earned you points"},
        button("Visit us", "{{ brand.website }}"),
        text("A question about your order? Just reply to this e-mail. A person will read it."),
    ),
)

TIPS = Mail(
    subject="Three things that make the most of your order",
    preheader="Small habits of customers who come back.",
    blocks=(
        heading("Three tips from people who came before you"),
        text(
            f"Hello {HELLO}, by now you have had a moment to look around. Three things that others wished they had known "
            "earlier:",
            "**1. Keep what you like in one place.** Put it in your basket and come back later: it stays there.",
            "**2. Order together.** Joining orders with a friend or colleague saves on delivery, and on packaging.",
            "**3. Use your points.** They count from the first order on, and they are worth more the longer you stay.",
        ),
        {"kind": "points", "text": "Your points today"},
        button("See what is new", "{{ brand.website }}"),
        {
            "kind": "referral",
            "text": "Do you know somebody who would like us too? You both get points when they order.",
            "label": "Invite a friend",
        },
    ),
)

MILESTONE = Mail(
    subject="Your second order: thank you, and a gift",
    preheader="We have put bonus points on your account.",
    blocks=(
        heading(f"{HELLO}, you are one of the regulars now"),
        text(
            "Your second order is on its way. That is the moment we have been hoping for, so we have put **100 bonus "
            "points** on your account. Thank you for coming back.",
        ),
        {"kind": "points", "text": "Your points, with the gift"},
        text("Would you tell us how we are doing so far? One click is enough."),
        {"kind": "nps", "text": "How likely are you to recommend us to a friend or colleague?"},
    ),
)

NUDGE = Mail(
    subject="Still here when you need us",
    preheader="What customers order second, and your points so far.",
    blocks=(
        heading(f"Hello {HELLO}, was everything all right?"),
        text(
            "It has been two weeks since your first order. We hope that it arrived well and does what it should.",
            "If something was not as you expected, reply to this e-mail and we will put it right. And if it was: new "
            "things have come in since.",
        ),
        button("See what is new", "{{ brand.website }}"),
        {"kind": "points", "text": "Your points are waiting for you"},
    ),
)

ONBOARDING = Recipe(
    key="onboarding",
    name="Welcome and first steps",
    description="Welcomes new customers, shares tips, and celebrates the second order or asks how the first one went.",
    icon="hand-heart",
    for_whom="Everybody who places a first order",
    entry={"kind": "event", "event": "order.placed", "first_only": True},
    goal={"event": "order.placed", "within_days": 30, "ends": False},
    steps=(
        send("welcome", "Welcome"),
        wait("settle", "Time to unpack", days=3, at="10:00"),
        send("tips", "Three tips"),
        {
            "key": "second-order",
            "kind": "wait_event",
            "name": "Second order within 14 days?",
            "event": "order.placed",
            "days": 14,
            "then": [
                {
                    "key": "milestone-points",
                    "kind": "effect",
                    "name": "Give 100 bonus points",
                    "effect": "loyalty.give_points",
                    "params": {"points": 100, "reason": "Second order"},
                },
                send("milestone", "Second order: thank you"),
            ],
            "otherwise": [
                wait("nudge-morning", "Until a weekday morning", at="10:00", weekdays=(0, 1, 2, 3, 4)),
                send("nudge", "Was everything all right?"),
            ],
        },
    ),
    mails={"welcome": WELCOME, "tips": TIPS, "milestone": MILESTONE, "nudge": NUDGE},
)
