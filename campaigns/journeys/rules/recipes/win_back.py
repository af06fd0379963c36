"""For customers who have gone quiet: a reason to return, an honest question, a last call."""

from campaigns.journeys.rules.recipes.recipe import Mail, Recipe, button, heading, send, text, wait

HELLO = '{{ customer.first_name or "there" }}'

OFFER = Mail(
    subject='{{ customer.first_name or "Hello" }}, it has been a while',
    preheader="What is new since your last visit.",
    blocks=(
        heading(f"Hello {HELLO}, we have missed you"),
        text(
            "Your last order with us was some time ago"
            "{% if order.last_on %} (on {{ order.last_on }}){% endif %}, and a good deal has changed since.",
            "New things have come in, and the favourites are back on the shelf. Have a look, there is no hurry.",
        ),
        button("See what is new", "{{ brand.website }}"),
        {"kind": "points", "text": "These points are still yours"},
    ),
)

QUESTION = Mail(
    subject="One question, if you have a moment",
    preheader="Your honest answer helps more than an order.",
    blocks=(
        heading("What could we do better?"),
        text(
            f"Hello {HELLO}, you have not been with us for a while, and we would like to understand why. It takes one "
            "click, and you can leave a comment afterwards. We read every one.",
        ),
        {"kind": "nps", "text": "After all you know of us: how likely are you to recommend us to a friend or colleague?"},
        text("Thank you for your time, whatever your answer is."),
    ),
)

LAST_CALL = Mail(
    subject="Shall we keep in touch?",
    preheader="This is our last reminder. You decide.",
    blocks=(
        heading(f"{HELLO}, this is our last reminder"),
        text(
            "We do not want to fill your inbox. If you would like to come back, we would be glad: the button below "
            "takes you to what is new.",
            "If not, you need do nothing. We will not send another reminder. You can also choose at the bottom of this "
            "e-mail what you want to hear about.",
        ),
        button("Come and have a look", "{{ brand.website }}"),
        {"kind": "points", "text": "Still on your account"},
    ),
)

WIN_BACK = Recipe(
    key="win-back",
    name="Win back lapsed customers",
    description="Writes to customers who have gone quiet: what is new, one honest question, a last call. An order ends it.",
    icon="undo-2",
    for_whom="Everybody who enters the segment of lapsed customers",
    entry={"kind": "event", "event": "segment.entered"},
    segment="lapsed",
    goal={"event": "order.placed", "within_days": 45},
    reentry="after_days",
    reentry_days=180,
    steps=(
        wait("morning", "Until 10:00 on a weekday", at="10:00", weekdays=(0, 1, 2, 3, 4)),
        {
            "key": "best-customers",
            "kind": "split",
            "name": "Three orders or more?",
            "definition": {"match": "all", "rules": [{"type": "orders", "measure": "count", "op": "at_least", "value": 3}]},
            "then": [
                {
                    "key": "come-back-points",
                    "kind": "effect",
                    "name": "Give 250 points as a gift",
                    "effect": "loyalty.give_points",
                    "params": {"points": 250, "reason": "We have missed you"},
                }
            ],
            "otherwise": [],
        },
        send("offer", "We have missed you"),
        wait("week", "A week", days=7, at="10:00"),
        send("question", "One question"),
        wait("fortnight", "Two weeks", days=14, at="10:00"),
        send("last-call", "Last reminder"),
    ),
    mails={"offer": OFFER, "question": QUESTION, "last-call": LAST_CALL},
)
