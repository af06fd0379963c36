"""Which stages and personas build on which segments, for the segments' pages."""

from collections.abc import Sequence

from django.urls import reverse

from customers.enums import Stage
from customers.models import Persona, StageRule
from customers.ports.segment_uses import Use


def of_segments(segment_ids: Sequence[int]) -> dict[int, list[Use]]:
    """Uses by segment id; two queries."""
    found: dict[int, list[Use]] = {}
    for rule in StageRule.objects.filter(segment__in=segment_ids):
        use = Use("Journey stage", str(Stage(rule.stage).label), reverse("customers:stage-list"), rule.is_active)
        found.setdefault(rule.segment_id or 0, []).append(use)
    for persona in Persona.objects.filter(segment__in=segment_ids):
        use = Use("Persona", persona.name, reverse("customers:persona-list"), True)
        found.setdefault(persona.segment_id or 0, []).append(use)
    return found
