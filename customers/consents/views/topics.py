"""Topics: what customers can subscribe to."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.consents.actions import topics as acting
from customers.consents.forms import TopicForm
from customers.enums import Channel
from customers.models import Topic


def _note(request: HttpRequest, verb: str, topic: Topic) -> None:
    audit.note(
        verb, subject=topic.name, user_id=request.user.pk, at=now(), address=client_address(request),
        detail={"topic": topic.slug},
    )  # fmt: skip


@staff("customers.view_topic")
def topic_list(request: HttpRequest) -> HttpResponse:
    """Topics in their order, the archived ones last."""
    topics = list(Topic.objects.order_by("position", "name"))
    context = {
        "topics": [topic for topic in topics if topic.archived_at is None],
        "archived": [topic for topic in topics if topic.archived_at],
        "channels": dict(Channel.choices),
        "can_add": request.user.has_perm("customers.add_topic"),
    }
    return render(request, "customers/topic_list.html", context)


@staff("customers.add_topic")
def topic_add(request: HttpRequest) -> HttpResponse:
    """Add a topic."""
    return _topic(request, Topic(), "topic.added")


@staff("customers.change_topic")
def topic_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a topic; a changed wording is kept as a new version."""
    return _topic(request, get_object_or_404(Topic, pk=pk), "topic.changed")


def _topic(request: HttpRequest, topic: Topic, verb: str) -> HttpResponse:
    form = TopicForm(request.POST or None, instance=topic)
    if request.method == "POST" and form.is_valid():
        form.instance.slug = form.cleaned_data["slug"]
        stored = form.save()
        acting.keep_wording(stored, at=now())
        _note(request, verb, stored)
        messages.success(request, _("The topic was saved."))
        return redirect("customers:topic-list")
    wordings = topic.wordings.order_by("-number") if topic.pk else []
    context = {"form": form, "is_new": topic.pk is None, "topic": topic, "wordings": wordings}
    return render(request, "customers/topic_form.html", context)


@staff("customers.change_topic")
@require_POST
def topic_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a topic no more, or again. It is never deleted: its consents are proof."""
    topic = get_object_or_404(Topic, pk=pk)
    if request.POST.get("restore"):
        if acting.restore(topic):
            _note(request, "topic.restored", topic)
        messages.success(request, _("The topic is offered again."))
    else:
        if acting.archive(topic, at=now()):
            _note(request, "topic.archived", topic)
        messages.success(request, _("The topic is offered no more. What people said is kept."))
    return redirect("customers:topic-list")
