"""Why a customer was in a segment, or not, at any moment: the rules that were valid then, line by line.

Events, orders, messages and other segments are answered for the moment itself, and consent by its log. Fields and
attributes are only kept as they are now; their lines say so. What `SegmentChange` tells is given beside it, and where the
two differ both stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from customers.models import Consent, ConsentChange, Segment, SegmentVersion
from customers.segments.queries import history, people
from customers.segments.queries.reasons import explain
from customers.segments.queries.words import Line
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import AttributeIs, ConsentIs, FieldIs, Group, Node, leaves

UNASKED = "unasked"


@dataclass(slots=True)
class Told:
    """A line of rules with its truth and value; `is_of_today`: known only as it is now, not as it was then."""

    text: str
    is_true: bool
    value: str = ""
    is_of_today: bool = False
    rules: list["Told"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explained:
    """`line` is the recomputation by `version`, None when no rules were saved yet; `was_in` what the history says, None
    before it begins. `is_partly_today`: some line is known only as of today."""

    version: SegmentVersion | None
    line: Told | None
    was_in: bool | None
    is_partly_today: bool = False

    @property
    def contradicts(self) -> bool:
        """Whether rules and history say different things."""
        return self.line is not None and self.was_in is not None and self.line.is_true != self.was_in


def explain_at(segment_id: int, customer_id: int, at: datetime) -> Explained:
    """A customer and a segment at a moment. Raises `BadDefinition` when the rules of then cannot be read any more, and
    `Segment.DoesNotExist`."""
    segment = Segment.objects.get(pk=segment_id)
    version, was_in = history.version_at(segment_id, at), people.was_in(segment_id, customer_id, at)
    if version is None or not segment.definition:
        return Explained(None, None, was_in)
    tree = parse(version.definition)
    line = _told(tree, explain(tree, customer_id, at), _consents(tree, customer_id, at))
    return Explained(version, line, was_in, _has_today(line))


def _told(node: Node, line: Line, consents: Mapping[ConsentIs, str | None]) -> Told:
    if isinstance(node, Group):
        rules = [_told(rule, below, consents) for rule, below in zip(node.rules, line.rules, strict=True)]
        held = [rule.is_true for rule in rules]
        is_true = {"all": all(held), "any": any(held), "none": not any(held)}[node.match.value]
        return Told(line.text, is_true, rules=rules)
    if isinstance(node, ConsentIs):
        state = consents[node]
        if state is None:
            return Told(line.text, bool(line.is_true), line.value, is_of_today=True)
        return Told(line.text, state == node.state, state)
    return Told(line.text, bool(line.is_true), line.value, is_of_today=isinstance(node, FieldIs | AttributeIs))


def _consents(tree: Group, customer_id: int, at: datetime) -> dict[ConsentIs, str | None]:
    """The answer at the moment for each question about consent; None where an answer stands that the log does not know."""
    asked = [leaf for leaf in leaves(tree) if isinstance(leaf, ConsentIs)]
    if not asked:
        return {}
    log = ConsentChange.objects.filter(customer=customer_id).order_by("changed_at", "id")
    then: dict[tuple[str, str], str] = {}
    for topic, channel, state, changed_at in log.values_list("topic__slug", "channel", "state", "changed_at"):
        then.setdefault((topic, channel), UNASKED)
        if changed_at <= at:
            then[topic, channel] = state
    standing = set(Consent.objects.filter(customer=customer_id).values_list("topic__slug", "channel"))
    return {
        leaf: then.get(key, None if key in standing else UNASKED)
        for leaf, key in ((leaf, (leaf.topic, leaf.channel)) for leaf in asked)
    }


def _has_today(line: Told) -> bool:
    return line.is_of_today or any(_has_today(rule) for rule in line.rules)
