"""What the selects and suggestions of the rule builder offer; the lists that cost something are cached for a while."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from customers.enums import Channel
from customers.models import Product, Segment, Topic, TrackedEvent, TrackedProperty
from customers.ports import event_types, fields, message_sources
from customers.ports.fields import FieldType
from customers.segments.forms import kinds
from customers.segments.forms.kinds import Choices
from customers.segments.rules.operators import ATTRIBUTE_TYPES, CONSENT_STATES, MEASURES
from customers.tracking import queries as tracking

TEN_MINUTES, ONE_MINUTE = 600, 60
MAX_NAMES, MAX_KEYS, MAX_PLAIN, MAX_PROPERTIES, MAX_SOURCES = 500, 500, 60, 5000, 200
JSON_TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "date-time": "datetime"}


DID = [
    ("event", _lazy("Did something"), _lazy("an event, how often, when; or never")),
    ("event_measure", _lazy("Total or average of an event"), _lazy("sum, smallest, largest, different values, days")),
    ("sequence", _lazy("Did things in a row"), _lazy("sequence, funnel; then did, then did not")),
    ("event_time", _lazy("First or last time of an event"), _lazy("how long ago")),
    ("orders", _lazy("Orders"), _lazy("number, amount, average, products, categories")),
    ("message", _lazy("Messages"), _lazy("sent, opened, clicked, bounced; campaign, journey")),
]
MORE = [
    ("consent", _lazy("Consent"), _lazy("subscribed, declined, never asked")),
    ("segment", _lazy("Segment"), _lazy("is in, is not in, entered, left")),
    ("random", _lazy("Random share"), _lazy("test group, holdout, sample")),
]


@dataclass(slots=True)
class About:
    """One group of the picker of what a condition is about: its name and (value, label, hint)."""

    group: str
    items: list[tuple[str, str, str]]


@dataclass
class Known:
    """Everything the page offers. Made once per request; lists are asked for when a condition needs them."""

    segment_id: int | None = None
    sources: list[str] = field(default_factory=list)
    is_live: bool = False  # htmx fills the pickers from the one list on the page, so rows need not hold it

    @cached_property
    def topics(self) -> Choices:
        return list(Topic.objects.order_by("name").values_list("slug", "name"))

    @cached_property
    def segments(self) -> Choices:
        found = Segment.objects.exclude(pk=self.segment_id or 0).order_by("name").values_list("pk", "name")
        return [(str(pk), name) for pk, name in found]

    @cached_property
    def event_names(self) -> Choices:
        return cache.get_or_set("segments.event_names", _event_names, ONE_MINUTE) or []

    @cached_property
    def event_labels(self) -> dict[str, str]:
        return dict(self.event_names)

    @cached_property
    def attribute_types(self) -> dict[str, FieldType]:
        found = cache.get_or_set("segments.attribute_types", tracking.attribute_types, ONE_MINUTE) or {}
        return {name: _type(kind) for name, kind in list(found.items())[:MAX_KEYS]}

    @cached_property
    def attribute_keys(self) -> Choices:
        words = dict(self.types)
        return [(name, words[kind.value]) for name, kind in self.attribute_types.items()]

    @cached_property
    def categories(self) -> list[str]:
        return cache.get_or_set("segments.categories", _categories, TEN_MINUTES) or []

    @cached_property
    def properties(self) -> dict[str, dict[str, str]]:
        return cache.get_or_set("segments.event_properties", _properties, ONE_MINUTE) or {}

    def property_types(self, event: str) -> dict[str, FieldType]:
        """Known properties of an event and how they are read."""
        return {name: _type(kind) for name, kind in self.properties.get(event, {}).items()}

    @cached_property
    def message_sources(self) -> dict[str, Choices]:
        """Senders by group: the newest, and those that the rules name."""
        found: dict[str, Choices] = {}
        for port in message_sources.all():
            for item in port.recent(MAX_SOURCES):
                found.setdefault(str(item.group), []).append((item.key, str(item.label)))
        known = {key for items in found.values() for key, _label in items}
        asked = [key for key in dict.fromkeys(self.sources) if key and key not in known]
        if asked:
            labels = {key: label for port in message_sources.all() for key, label in port.labels(asked).items()}
            found[_("Named in these rules")] = [(key, labels.get(key, key)) for key in asked]
        return found

    @cached_property
    def about(self) -> list[About]:
        groups = {_("What they did"): DID, _("Permission, groups and chance"): MORE}
        found = [
            About(name, [(key, str(label), str(hint)) for key, label, hint in items]) for name, items in groups.items()
        ]
        by_group: dict[str, list[tuple[str, str, str]]] = {}
        for known in fields.all():
            by_group.setdefault(str(known.group), []).append((f"field:{known.key}", str(known.label), ""))
        found += [About(name, items) for name, items in by_group.items()]
        own = [(f"attribute:{key}", key, kind) for key, kind in self.attribute_keys]
        found.append(About(_("Your attributes"), [*own, ("attribute", _("Another attribute"), _("by its name"))]))
        events = [(f"event:{name}", label, name if name != label else "") for name, label in self.event_names]
        return [*found, About(_("Events"), events)]

    @cached_property
    def labels(self) -> dict[str, str]:
        return {value: label for group in self.about for value, label, _hint in group.items}

    @cached_property
    def about_options(self) -> SafeString:
        """The options of the plain select, written once for all conditions; long lists of names are left to typing."""
        short = [About(group.group, group.items[:MAX_PLAIN]) for group in self.about]
        return render_to_string("customers/segments/partials/about.html", {"groups": short})

    @property
    def types(self) -> Choices:
        words = {
            FieldType.TEXT: _("text"), FieldType.NUMBER: _("number"), FieldType.DATE: _("date"),
            FieldType.BOOLEAN: _("yes or no"), FieldType.DATETIME: _("date and time"),
        }  # fmt: skip
        return [(kind.value, words[kind]) for kind in ATTRIBUTE_TYPES]

    @property
    def plain(self) -> dict[str, Any]:
        """Choices that never change."""
        return {
            "times": kinds.TIMES, "measures": kinds.MEASURES, "order_measures": list(MEASURES.items()),
            "messages": kinds.MESSAGES, "channels": Channel.choices,
            "any_channel": [("", _("any channel")), *Channel.choices],
            "states": list(CONSENT_STATES.items()), "membership": kinds.MEMBERSHIP, "units": kinds.UNITS,
            "step_units": kinds.STEP_UNITS, "windows": kinds.WINDOWS, "which": kinds.WHICH, "shares": kinds.SHARES,
            "did": kinds.DID, "sequence": kinds.SEQUENCE, "types": self.types,
        }  # fmt: skip


def _type(kind: str) -> FieldType:
    found = FieldType(JSON_TYPES.get(kind, "text"))
    return found if found in ATTRIBUTE_TYPES else FieldType.DATE


def _event_names() -> Choices:
    """Names of events with what they are called, the company's own ones first by how often they happen."""
    seen = list(TrackedEvent.objects.order_by("-count", "name").values_list("name", flat=True)[:MAX_NAMES])
    known = {item.name: str(item.label) for item in event_types.all()}
    labels = {name: known.get(name, name) for name in seen} | known
    return [(name, label) for name, label in labels.items() if not name.startswith("segment.")]


def _properties() -> dict[str, dict[str, str]]:
    """Properties of every event with their JSON type: those of Perennial's own events, then what was seen or planned."""
    found = {item.name: {kinds.AMOUNT: "number"} | dict.fromkeys(item.properties, "string") for item in event_types.all()}
    rows = TrackedProperty.objects.exclude(event="").order_by("event", "-count", "name")
    for event, name, kind in rows.values_list("event", "name", "expected_type")[:MAX_PROPERTIES]:
        found.setdefault(event, {kinds.AMOUNT: "number"})[name] = kind
    return found


def _categories() -> list[str]:
    return list(
        Product.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()[:300]
    )
