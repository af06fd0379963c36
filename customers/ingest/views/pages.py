"""Settings, "Ingest API": keys, code to paste, what arrives, what is held."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.kit.access import client_address, number_in, staff
from config.kit.clock import now
from customers.actions import audit
from customers.enums import KeyKind
from customers.ingest.actions import hold
from customers.ingest.actions import keys as making
from customers.ingest.forms import KeyForm, OriginsForm
from customers.ingest.queries import due, pages
from customers.ingest.queries import keys as known
from customers.models import WriteKey


def _note(request: HttpRequest, verb: str, key: WriteKey) -> None:
    audit.note(verb, subject=key.name, user_id=request.user.pk, at=now(), address=client_address(request),
               detail={"key": key.pk})  # fmt: skip


@staff("customers.view_writekey")
def key_list(request: HttpRequest) -> HttpResponse:
    """All write keys, and the messages that are held."""
    context = {
        "keys": pages.keys(),
        "held": Paginator(pages.held(), 25).get_page(request.GET.get("page")),
        "waiting": due.batches(now()),
        "can_add": request.user.has_perm("customers.add_writekey"),
        "can_retry": request.user.has_perm("customers.change_writekey"),
    }
    return render(request, "customers/ingest/key_list.html", context)


@staff("customers.add_writekey")
def key_add(request: HttpRequest) -> HttpResponse:
    """Make a key; the secret of a server key is in this one answer and nowhere else."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        created = making.create(**form.cleaned_data, user_id=request.user.pk, at=now())
        _note(request, "write_key.created", created.key)
        if created.key.kind == KeyKind.BROWSER:
            messages.success(request, _("The key was made."))
            return redirect("customers:ingest-key", created.key.pk)
        context = {
            "key": created.key,
            "secret": created.secret,
            "snippets": pages.snippets(created.key, secret=created.secret),
        }
        response = render(request, "customers/ingest/key_created.html", context)
        response["Cache-Control"] = "no-store"
        return response
    return render(request, "customers/ingest/key_form.html", {"form": form})


@staff("customers.view_writekey")
def key_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One key: code to paste, its last 50 messages as they come, origins and identity secret for admins."""
    key = get_object_or_404(WriteKey, pk=pk)
    context = {"key": key, "lines": pages.latest(key), "is_live": key.revoked_at is None}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "customers/ingest/partials/messages.html", context)
    can_change = request.user.has_perm("customers.change_writekey")
    is_browser = key.kind == KeyKind.BROWSER
    context |= {
        "can_change": can_change and key.revoked_at is None,
        "is_browser": is_browser,
        "snippets": pages.snippets(key),
        "identity_secret": known.identity_secrets(key)[0] if can_change and is_browser else "",
        "form": OriginsForm(initial={"origins": key.origins}) if can_change and is_browser else None,
    }
    response = render(request, "customers/ingest/key_detail.html", context)
    response["Cache-Control"] = "no-store"
    return response


@staff("customers.change_writekey")
@require_POST
def key_origins(request: HttpRequest, pk: int) -> HttpResponse:
    """Change which sites may use a browser key."""
    key = get_object_or_404(WriteKey, pk=pk, kind=KeyKind.BROWSER, revoked_at=None)
    form = OriginsForm(request.POST)
    if form.is_valid():
        making.set_origins(pk, form.cleaned_data["origins"])
        _note(request, "write_key.origins_changed", key)
        messages.success(request, _("The allowed origins were saved."))
    else:
        messages.error(request, " ".join(str(error) for error in form.errors["origins"]))
    return redirect("customers:ingest-key", pk)


@staff("customers.change_writekey")
@require_POST
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key for good."""
    key = get_object_or_404(WriteKey, pk=pk)
    if making.revoke(pk, at=now()):
        _note(request, "write_key.revoked", key)
        messages.success(request, _("The key was revoked. Requests with it are refused from now on."))
    return redirect("customers:ingest-key", pk)


@staff("customers.change_writekey")
@require_POST
def key_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a browser key a new identity secret."""
    key = get_object_or_404(WriteKey, pk=pk, kind=KeyKind.BROWSER, revoked_at=None)
    making.rotate_identity(pk)
    _note(request, "write_key.identity_rotated", key)
    messages.success(request, _("The identity secret is a new one. Give it to your server now."))
    return redirect("customers:ingest-key", pk)


@staff("customers.change_writekey")
@require_POST
def held_retry(request: HttpRequest) -> HttpResponse:
    """Take one held message, or all, in again."""
    one = number_in(request.POST.get("problem", ""))
    taken, held = hold.retry(at=now(), problem_ids=None if one is None else [one])
    audit.note("ingest.retried", subject=f"{taken + held} messages", user_id=request.user.pk, at=now(),
               address=client_address(request), detail={"taken": taken, "held": held})  # fmt: skip
    if taken:
        words = ngettext("%(count)s message was taken in.", "%(count)s messages were taken in.", taken)
        messages.success(request, words % {"count": taken})
    if held:
        words = ngettext("%(count)s message is still held.", "%(count)s messages are still held.", held)
        messages.warning(request, words % {"count": held})
    return redirect("customers:ingest-keys")
