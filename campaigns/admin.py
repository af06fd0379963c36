"""Messages in the administration: to look things up; rows of the ledger are changed by nobody."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from campaigns.journeys import admin as journeys  # noqa: F401
from campaigns.models import Campaign, Content, ContentVersion, Engagement, Link, Message, OutboxMail, SystemMail


class ReadOnlyAdmin(admin.ModelAdmin):
    """Looking, searching, filtering; no adding, changing, deleting."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "segment", "topic", "scheduled_at", "launched_at", "finished_at"]
    list_filter = ["state", "topic"]
    search_fields = ["name"]
    date_hierarchy = "launched_at"
    list_select_related = ["segment", "topic"]


class LinkInline(admin.TabularInline):
    model = Link
    fields = ["position", "label", "url"]
    readonly_fields = ["position", "label", "url"]
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ContentVersion)
class ContentVersionAdmin(ReadOnlyAdmin):
    list_display = ["content", "number", "subject", "created_at"]
    search_fields = ["content__name", "subject"]
    inlines = [LinkInline]
    list_select_related = ["content"]


@admin.register(Content)
class ContentAdmin(ReadOnlyAdmin):
    list_display = ["name", "subject", "body_kind", "updated_at"]
    list_filter = ["body_kind"]
    search_fields = ["name", "subject"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "customer", "source_kind", "source_id", "state", "reason", "due_at", "sent_at", "attempt_no"]
    list_filter = ["state", "reason", "source_kind", "channel"]
    search_fields = ["=customer__email", "=id"]
    list_select_related = ["customer"]
    raw_id_fields = ["customer"]
    show_full_result_count = False


@admin.register(Engagement)
class EngagementAdmin(ReadOnlyAdmin):
    list_display = ["message", "kind", "visitor", "why", "at"]
    list_filter = ["kind", "visitor"]
    search_fields = ["=message__id", "user_agent"]
    show_full_result_count = False


@admin.register(SystemMail)
class SystemMailAdmin(ReadOnlyAdmin):
    """Without `values`: until the mail has left they hold a link that works."""

    list_display = ["key", "template", "state", "reason", "due_at", "sent_at", "attempt_no"]
    list_filter = ["state", "reason", "template"]
    search_fields = ["key"]
    exclude = ["values"]
    show_full_result_count = False


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnlyAdmin):
    list_display = ["subject", "recipient", "sent_at"]
    search_fields = ["recipient", "subject"]
    date_hierarchy = "sent_at"
