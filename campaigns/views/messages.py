"""The log of messages, one message, and the panel on the customer page."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from campaigns.actions import rendering
from campaigns.filters import MessageFilter
from campaigns.models import Campaign, Content, Message, OutboxMail
from campaigns.queries.preview import preview
from campaigns.queries.recipients import SourceFailed, merge_values
from campaigns.queries.trace import trace
from campaigns.rules.template import CannotRender
from campaigns.views.frames import framed, own_policy, without_pixel
from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.models import Customer

COUNTED = 10_000  # counting further costs more than anybody learns from it


class _CappedPaginator(Paginator):
    @property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


@staff("campaigns.view_message")
def message_list(request: HttpRequest) -> HttpResponse:
    """Every message with state and reason, newest first."""
    rows = Message.objects.select_related("customer", "content_version__content").order_by("-pk")
    found = MessageFilter(request.GET, queryset=rows)
    page = _CappedPaginator(found.qs, 50).get_page(request.GET.get("page"))
    source = None
    if request.GET.get("source_kind") == "campaign":
        source = Campaign.objects.filter(pk=number_in(request.GET.get("source_id", "")) or 0).first()
    context = {"filter": found, "page": page, "source": source, "is_filtered": any(request.GET.values())}
    return render(request, "campaigns/message_list.html", context)


@staff("campaigns.view_message")
def message_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: why it was sent or not, and what happened with it."""
    message = get_object_or_404(Message.objects.select_related("customer", "topic", "content_version__content"), pk=pk)
    context = {
        "message": message,
        "steps": trace(message, at=now()),
        "campaign": Campaign.objects.filter(pk=message.source_id).first() if message.source_kind == "campaign" else None,
        "engagements": message.engagements.select_related("link").order_by("-at")[:50],
    }
    return render(request, "campaigns/message_detail.html", context)


@staff("campaigns.view_message")
@own_policy
def message_body(request: HttpRequest, pk: int) -> HttpResponse:
    """The message as this person sees it now, for a sandboxed frame."""
    message = get_object_or_404(Message, pk=pk)
    kept = OutboxMail.objects.filter(message=message).first()
    if kept and request.user.has_perm("campaigns.view_outboxmail"):  # its links are live
        return framed(without_pixel(kept.html))
    ready = rendering.prepared(
        message.content_version_id, message.content_version.digest, message.source_kind, message.source_id
    )
    try:
        values = merge_values(
            [message.customer_id], ready.version.variables, at=now(), reference="preview", is_preview=True
        )[message.customer_id]
        values["m"] = {"t": "preview", "u": "preview"}
        return framed(without_pixel(ready.template.render("body.html", values)))
    except (SourceFailed, CannotRender) as error:
        raise Http404 from error


@staff("campaigns.view_message", "customers.view_customer")
def message_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The last messages of one customer."""
    customer = get_object_or_404(Customer, pk=customer_id)
    rows = Message.objects.filter(customer=customer).select_related("content_version__content").order_by("-pk")[:10]
    return render(request, "campaigns/partials/message_panel.html", {"customer": customer, "rows": rows})


@staff("campaigns.view_campaign")
@own_policy
def content_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Content of a draft as one customer would see it, for a sandboxed frame; `?customer=` chooses whom."""
    content = get_object_or_404(Content, pk=pk)
    customer_id = number_in(request.GET.get("customer", ""))
    if customer_id is not None and not Customer.objects.filter(pk=customer_id).exists():
        raise Http404
    shown = preview(content, customer_id, at=now())
    if shown.error:
        return framed(render(request, "campaigns/partials/preview_error.html", {"error": shown.error}).content.decode())
    return framed(shown.html)


@staff("campaigns.view_outboxmail")
def outbox_list(request: HttpRequest) -> HttpResponse:
    """E-mails that were kept on this machine."""
    page = Paginator(OutboxMail.objects.defer("html", "text").order_by("-pk"), 50).get_page(request.GET.get("page"))
    return render(request, "campaigns/outbox_list.html", {"page": page})


@staff("campaigns.view_outboxmail")
def outbox_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One kept e-mail with its headers and both bodies."""
    return render(request, "campaigns/outbox_detail.html", {"mail": get_object_or_404(OutboxMail, pk=pk)})


@staff("campaigns.view_outboxmail")
@own_policy
def outbox_body(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of a kept e-mail; its links work, in a new window."""
    return framed(get_object_or_404(OutboxMail, pk=pk).html)
