"""Random definitions, of every kind and nested as deep as they may be, by anything with the methods of `random.Random`."""

import os
from datetime import timedelta

from tests.customers.segments.worlds import CHANNELS, DID, KEYS, NAMES, PROPERTIES, TOPICS, WORDS, Clock

# The parts of the language that are generated; `SEGMENT_PARTS=sequence,hours` narrows a hunt to some of them.
PARTS = frozenset(
    [
        "hours",
        "dates",
        "between",
        "event_measure",
        "sequence",
        "message",
        "averages",
        "order_times",
        "lists",
        "range",
        "moves",
        "datetime",
    ]
)
if os.environ.get("SEGMENT_PARTS"):
    PARTS &= frozenset(os.environ["SEGMENT_PARTS"].split(","))
DEPTH = 8
EMPTY = ({"op": "empty"}, {"op": "not_empty"})


class Gardener:
    """Grows trees that ask about a world: its segments, and days and spans around its moment."""

    def __init__(self, dice, world, segments):
        self.dice, self.segments = dice, sorted(segments.values())
        self.clock = Clock(dice, world.at, world.tz)
        self.kinds = [
            self.field, self.attribute, self.event, self.event, self.event_time, self.orders, self.consent, self.segment,
            self.random,
        ]  # fmt: skip
        self.kinds += [getattr(self, part) for part in ("event_measure", "sequence", "message") if part in PARTS]

    def tree(self, depths=(1, 2, 3, 3, DEPTH)):
        """A definition: mostly small, sometimes a chain of groups eight deep."""
        self.left = self.dice.choice([1, 2, 4, 8, 14])
        return self.group(1, self.dice.choice(depths))

    def group(self, depth, deepest):
        rules = []
        for _ in range(self.dice.randint(1, 3)):
            if depth < deepest and self.dice.randrange(5) < (4 if deepest == DEPTH else 2):
                rules.append(self.group(depth + 1, deepest))
            else:
                self.left -= 1
                rules.append(self.leaf())
            if self.left <= 0:
                break
        return {"match": self.dice.choice(["all", "any", "none"]), "rules": rules}

    def leaf(self):
        found = self.dice.choice(self.kinds)()
        return {key: value for key, value in found.items() if value is not None}

    # values

    def chance(self, one_in):
        return self.dice.randrange(one_in) == 0

    def iso(self):
        return self.clock.day().isoformat()

    def numbers(self, *values):
        op = self.dice.choice(["at_least", "at_most", "more", "less", "is", "is_not", "between"])
        first, last = sorted([self.dice.choice(values), self.dice.choice(values)])
        return {"op": op, "value": [first, last] if op == "between" else first}

    def maybe_empty(self, found):
        return self.dice.choice(EMPTY) if self.chance(6) else found

    def word(self):
        whole = self.dice.choice(WORDS)
        return whole if self.chance(2) else whole[: self.dice.randint(1, len(whole))]

    def choices(self):
        op = self.dice.choice(["is", "is_not", "any_of", "none_of"])
        several = sorted({self.dice.choice(WORDS) for _ in range(self.dice.randint(1, 3))})
        return self.maybe_empty({"op": op, "value": several if op.endswith("_of") else self.dice.choice(WORDS)})

    def texts(self):
        op = self.dice.choice(["contains", "not_contains", "starts", "ends"])
        return self.choices() if self.chance(2) else {"op": op, "value": self.word()}

    def dates(self):
        ops = ["in_last", "more_ago", "in_next", "anniversary_next", "before", "after", "on", "between"]
        op = self.dice.choice(ops + (["days_ago", "in_days", "anniversary_on"] * 2 if "dates" in PARTS else []))
        if op in ("before", "after", "on"):
            return {"op": op, "value": self.iso()}
        if op == "between":
            return {"op": op, "value": sorted([self.iso(), self.iso()])}
        most = 366 if op == "anniversary_on" else 400
        days = self.dice.choice([n for n in (0, 1, 2, 7, 8, 30, 365, 366, 400) if n <= most])
        return self.maybe_empty({"op": op, "value": days})

    def booleans(self):
        return self.dice.choice([{"op": "true"}, {"op": "false"}, *EMPTY])

    def typed(self):
        kind = self.dice.choice(["text", "number", "date", "boolean"] + (["datetime"] if "datetime" in PARTS else []))
        found = {
            "text": self.texts, "number": lambda: self.maybe_empty(self.numbers(-2, 0, 2.5, 5, 7.5, 12)),
            "date": self.dates, "datetime": self.dates, "boolean": self.booleans,
        }[kind]()  # fmt: skip
        return {"as": kind, **found}

    def span(self):
        hours = "hours" in PARTS and self.chance(2)
        return {"hours": self.dice.choice([1, 5, 25, 48])} if hours else {"days": self.dice.choice([1, 2, 7, 30, 365])}

    def window(self):
        kind = self.dice.randrange(8)
        if kind < 3:
            return {"within": None}
        if kind < 6:
            return {"within": self.span()}
        first, last = sorted([self.iso(), self.iso()])
        both = {"from": first, "to": last}
        if self.chance(2):
            both.pop(self.dice.choice(["from", "to"]))
        return {"within": both}

    def where(self, most=2):
        return {"where": [self.about() for _ in range(self.dice.choice([0, 0, 1, most]))] or None}

    def about(self):
        if self.chance(4):
            return {"property": "amount", **self.maybe_empty(self.numbers(-50, 0, 100, 150, 300))}
        return {"property": self.dice.choice([*PROPERTIES, "none"]), **self.typed()}

    def count(self):
        op = self.dice.choice(["at_least", "at_most", "exactly", "never"] + (["between"] * ("between" in PARTS)))
        if op == "never":
            return {"op": op}
        if op == "between":
            return {"op": op, "count": sorted([self.dice.randint(0, 3), self.dice.randint(0, 3)])}
        return {"op": op, "count": self.dice.randint(1 if op == "at_least" else 0, 3)}

    # kinds

    def field(self):
        key = self.dice.choice(
            ["country", "plan", "city", "external_id", "born_on", "renews_on", "created_at", "order_count", "revenue_minor",
             "refunded_minor", "event_count", "first_order_at", "last_order_at", "last_seen_at", "first_seen_at"]
        )  # fmt: skip
        if key in ("country", "plan"):
            found = self.choices()
        elif key in ("city", "external_id"):
            found = self.texts()
        elif key.endswith(("_on", "_at")):
            found = self.dates()
        elif key.endswith("_minor"):
            found = self.maybe_empty(self.numbers(0, 100, 101, 200, 250, 351))
        else:
            found = self.maybe_empty(self.numbers(0, 1, 2, 2.5, 3, 6))
        return {"type": "field", "field": f"customer.{key}", **found}

    def attribute(self):
        return {"type": "attribute", "key": self.dice.choice([*KEYS, "none"]), **self.typed()}

    def event(self):
        return {"type": "event", "name": self.dice.choice(NAMES), **self.count(), **self.window(), **self.where()}

    def event_time(self):
        which = self.dice.choice(["first", "last"])
        return {"type": "event_time", "name": self.dice.choice(NAMES), "which": which, **self.dates()}

    def event_measure(self):
        measure = self.dice.choice(["sum", "avg", "min", "max", "distinct", "days"])
        key = None if measure == "days" else self.dice.choice(["amount", *PROPERTIES, "none"])
        if measure in ("distinct", "days"):
            test = self.numbers(0, 1, 2, 3)
        elif key == "amount":
            test = self.numbers(-50, 0, 100, 125, 150, 250, 300, 400)
        else:
            test = self.numbers(-3, 0, 2.5, 5, 6.25, 7.5, 12, 17)
        if measure in ("avg", "min", "max"):
            test = self.maybe_empty(test)
        name = self.dice.choice(NAMES)
        return {
            "type": "event_measure", "name": name, "measure": measure, "property": key, **test, **self.window(),
            **self.where(1),
        }  # fmt: skip

    def sequence(self):
        names = [*NAMES, *NAMES, "message.opened", "message.clicked"]
        steps = [{"name": self.dice.choice(names), **self.where(1)} for _ in range(self.dice.choice([2, 2, 2, 3, 3, 4, 5]))]
        for step in steps[1:]:
            if self.chance(2):
                step["within"] = self.dice.choice([self.span(), self.span(), {"minutes": self.dice.choice([30, 60, 1440])}])
        if self.chance(3):
            steps[-1]["did"] = False
        elif self.chance(3):
            steps[-1]["did"] = True
        join = self.dice.choice([None, None, "order_id", "size", ""])
        steps = [{key: value for key, value in step.items() if value is not None} for step in steps]
        return {
            "type": "sequence", "steps": steps, "join": join, "op": self.dice.choice(["did", "did_not"]), **self.window()
        }  # fmt: skip

    def message(self):
        source = self.dice.choice([None, None, "campaign:7", "campaign:12", "journey:7", "campaign:99"])
        channel = self.dice.choice([None, None, "email", "sms", "inbox"])
        return {
            "type": "message", "did": self.dice.choice(DID), **self.count(), **self.window(), "source": source,
            "channel": channel,
        }  # fmt: skip

    def orders(self):
        measures = ["count", "total", "items"]
        measures += ["average", "largest", "products"] * ("averages" in PARTS)
        measures += ["first_at", "last_at"] * ("order_times" in PARTS)
        measure = self.dice.choice(measures)
        if measure.endswith("_at"):
            found = self.dates()
        elif measure in ("count", "items", "products"):
            found = self.numbers(0, 1, 2, 3, 4)
        else:
            found = self.numbers(0, 45, 90, 100, 101, 150, 175, 200, 250, 351)
        return {"type": "orders", "measure": measure, **found, **self.window(), **self.only()}

    def only(self):
        product = self.dice.choice([None, None, "mug", "rose", "日本", "gone", ["mug", "o'x"], ["rose"]])
        category = self.dice.choice([None, None, None, "kitchen", ["garden", "gone"]])
        if "lists" not in PARTS:
            product, category = (value if not isinstance(value, list) else value[0] for value in (product, category))
        return {"product": product, "category": category}

    def consent(self):
        return {
            "type": "consent", "topic": self.dice.choice([*TOPICS, "gone"]), "channel": self.dice.choice(CHANNELS),
            "state": self.dice.choice(["granted", "denied", "unasked"]),
        }  # fmt: skip

    def segment(self):
        op = self.dice.choice(["in", "not_in"] + ["entered", "left"] * ("moves" in PARTS))
        within = {"within": self.span()} if op in ("entered", "left") else {}
        return {"type": "segment", "segment": self.dice.choice(self.segments), "op": op, **within}

    def random(self):
        salt = self.dice.choice([None, "summer", "o'x"])
        if "range" in PARTS and self.chance(2):
            first, last = sorted(self.dice.sample([0, 10, 20, 50, 75, 99, 100], 2))
            if (first, last) != (0, 100):
                return {"type": "random", "from": first, "to": last, "salt": salt}
        return {"type": "random", "percent": self.dice.choice([1, 20, 50, 99]), "salt": salt}


def some(dice, world, segments, count):
    """So many definitions about a world."""
    gardener = Gardener(dice, world, segments)
    return [gardener.tree() for _ in range(count)]


def leaves(node):
    """Every condition of a definition."""
    return [leaf for rule in node["rules"] for leaf in leaves(rule)] if "match" in node else [node]


def midway(world):
    """A moment shortly before a world's: what happened since is its future."""
    return world.at - timedelta(days=1, minutes=7)
