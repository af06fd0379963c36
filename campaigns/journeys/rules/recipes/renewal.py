"""Before a subscription or contract renews: 30 days, a week, a day."""

from campaigns.journeys.rules.recipes.recipe import Mail, Recipe, button, heading, send, text, wait

HELLO = '{{ customer.first_name or "there" }}'

MONTH = Mail(
    subject="Your renewal is a month away",
    preheader="What you used, what is new, and what to expect.",
    blocks=(
        heading(f"Hello {HELLO}, your renewal is coming up"),
        text(
            "In about 30 days your {{ customer.plan or 'subscription' }} renews. Nothing for you to do today: we "
            "only want you to know in good time.",
            "If your needs have changed, tell us now and we will find what fits. Reply to this e-mail: a person "
            "will read it.",
        ),
        button("Look at your options", "{{ brand.website }}"),
        {"kind": "points", "text": "What your loyalty has earned so far"},
    ),
)

WEEK = Mail(
    subject="One week until your renewal",
    preheader="A short reminder, and how to reach us.",
    blocks=(
        heading("One week to go"),
        text(
            f"Hello {HELLO}, your {{{{ customer.plan or 'subscription' }}}} renews in about a week. If all is well, "
            "you need do nothing.",
            "Is there anything we should put right first? One reply to this e-mail is enough.",
        ),
        {"kind": "nps", "text": "How likely are you to recommend us to a friend or colleague?"},
        button("Look at your options", "{{ brand.website }}"),
    ),
)

DAY = Mail(
    subject="Your renewal is tomorrow",
    preheader="Thank you for staying with us.",
    blocks=(
        heading(f"{HELLO}, tomorrow is the day"),
        text(
            "Your {{ customer.plan or 'subscription' }} renews tomorrow. Thank you for staying with us.",
            "If you want to change anything, today is a good day to tell us.",
        ),
        button("Look at your options", "{{ brand.website }}"),
    ),
)

RENEWAL = Recipe(
    key="renewal",
    name="Renewal reminders",
    description="Reminds customers 30 days, a week and a day before their renewal date. A renewal ends it.",
    icon="calendar-sync",
    for_whom="Everybody whose renewal date is 30 days away",
    entry={"kind": "date", "field": "renews_on", "offset_days": -30},
    goal={"event": "subscription.renewed", "within_days": 45},
    reentry="after_end",
    steps=(
        wait("month-morning", "Until 09:00", at="09:00"),
        send("month", "A month to go"),
        wait("three-weeks", "Until a week before", days=23, at="09:00"),
        send("week", "A week to go"),
        wait("six-days", "Until the day before", days=6, at="09:00"),
        send("day", "Tomorrow"),
    ),
    mails={"month": MONTH, "week": WEEK, "day": DAY},
)
