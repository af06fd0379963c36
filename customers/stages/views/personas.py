"""Personas: cards, editing, order."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import staff
from config.kit.clock import now
from customers.models import Persona
from customers.queries import brand
from customers.stages.actions import personas
from customers.stages.actions.rules import WouldLoop
from customers.stages.forms import PersonaForm
from customers.stages.queries import listing


@staff("customers.view_persona")
def persona_list(request: HttpRequest) -> HttpResponse:
    """Every persona with its members and what they are like."""
    context = {
        "cards": listing.personas(), "currency": brand.current().currency, "run": listing.run(),
        "can_change": request.user.has_perm("customers.change_persona"),
        "can_add": request.user.has_perm("customers.add_persona"),
    }  # fmt: skip
    return render(request, "customers/stages/persona_list.html", context)


@staff("customers.add_persona")
def persona_add(request: HttpRequest) -> HttpResponse:
    """Add a persona."""
    return _form(request, Persona())


@staff("customers.change_persona")
def persona_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a persona."""
    return _form(request, get_object_or_404(Persona, pk=pk))


def _form(request: HttpRequest, persona: Persona) -> HttpResponse:
    is_new = persona.pk is None
    form = PersonaForm(request.POST or None, instance=persona)
    if request.method == "POST" and form.is_valid():
        try:
            personas.save(form.instance, at=now(), user_id=request.user.pk)
        except WouldLoop as error:
            form.add_error("segment", str(error))
        else:
            messages.success(request, _("The persona is saved; its members follow in a moment."))
            return redirect("customers:persona-list")
    return render(request, "customers/stages/persona_form.html", {"form": form, "persona": persona, "is_new": is_new})


@staff("customers.change_persona")
@require_POST
def persona_move(request: HttpRequest, pk: int) -> HttpResponse:
    """A place up or down: the profile names the first persona that fits."""
    persona = get_object_or_404(Persona, pk=pk)
    personas.move(persona, up=request.POST.get("to") == "up", at=now(), user_id=request.user.pk)
    return redirect("customers:persona-list")


@staff("customers.delete_persona")
def persona_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete; the segment stays."""
    persona = get_object_or_404(Persona, pk=pk)
    if request.method == "POST":
        personas.delete(persona, at=now(), user_id=request.user.pk)
        messages.success(request, _("The persona is deleted."))
        return redirect("customers:persona-list")
    return render(request, "customers/stages/persona_delete.html", {"persona": persona})
