"""Creating, changing, ordering and deleting personas; their members follow from their segments."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from customers.actions import audit
from customers.models import CustomerPersona, CustomerStanding, Persona
from customers.stages.actions import everybody
from customers.stages.actions.rules import WouldLoop
from customers.stages.queries import loops


def save(persona: Persona, *, at: datetime, user_id: int | None) -> Persona:
    """Store a persona and ask for everybody to be looked at again. Raises `WouldLoop`."""
    with transaction.atomic():
        others = Persona.objects.exclude(pk=persona.pk).filter(segment__isnull=False).values_list("segment_id", flat=True)
        problem = loops.of_personas(
            {int(pk) for pk in others if pk} | ({persona.segment_id} if persona.segment_id else set())
        )
        if problem:
            raise WouldLoop(problem)
        if persona.pk is None:
            persona.position = (Persona.objects.aggregate(last=Max("position"))["last"] or 0) + 1
        persona.save()
        _names_again(persona)
        audit.note("persona.saved", subject=persona.name, user_id=user_id, at=at)
        everybody.request(at=at)
    return persona


def move(persona: Persona, *, up: bool, at: datetime, user_id: int | None) -> None:
    """Swap a persona with its neighbour; the profile names the first that fits."""
    with transaction.atomic():
        ordered = list(Persona.objects.select_for_update())
        place = next(number for number, item in enumerate(ordered) if item.pk == persona.pk)
        other = place - 1 if up else place + 1
        if not 0 <= other < len(ordered):
            return
        ordered[place], ordered[other] = ordered[other], ordered[place]
        for start in (1000, 1):  # places are unique: out of the way first
            for number, item in enumerate(ordered):
                Persona.objects.filter(pk=item.pk).update(position=start + number)
        for item in (ordered[place], ordered[other]):
            _names_again(item)
        audit.note("persona.moved", subject=persona.name, user_id=user_id, at=at)
        everybody.request(at=at)


def delete(persona: Persona, *, at: datetime, user_id: int | None) -> None:
    """Delete a persona; its segment stays, its members lose it."""
    with transaction.atomic():
        _names_again(persona)
        audit.note("persona.deleted", subject=persona.name, user_id=user_id, at=at)
        persona.delete()
        everybody.request(at=at)


def _names_again(persona: Persona) -> None:
    """The names of these customers' personas are put together anew by the evaluation that follows."""
    members = CustomerPersona.objects.filter(persona=persona).values("customer")
    CustomerStanding.objects.filter(customer__in=members).exclude(all_personas="").update(all_personas="")
