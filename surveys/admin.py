"""Surveys in the admin site: surveys can be looked at, answers are a read-only ledger."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from surveys.models import Invitation, LatestScore, Response, ResponseRevision, Survey, SurveyStop


class ReadOnly(admin.ModelAdmin):
    """Rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Survey)
class SurveyAdmin(ReadOnly):
    """Read-only, because opening and closing has rules that the survey pages know."""

    list_display = ["name", "kind", "state", "question", "opened_at", "closed_at", "updated_by"]
    list_filter = ["state", "kind"]
    search_fields = ["name", "question"]


class RevisionInline(admin.TabularInline):
    model = ResponseRevision
    fields = ["at", "score", "state", "comment", "may_contact"]
    readonly_fields = ["at", "score", "state", "comment", "may_contact"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Response)
class ResponseAdmin(ReadOnly):
    list_display = ["answered_at", "survey", "customer", "score", "band", "state", "suspicion", "may_contact", "source"]
    list_filter = ["survey", "band", "state", "suspicion", "may_contact", "source"]
    list_select_related = ["survey", "customer"]
    search_fields = ["comment", "customer__email"]
    date_hierarchy = "answered_at"
    inlines = [RevisionInline]
    show_full_result_count = False


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    list_display = ["created_at", "survey", "customer", "reference", "sent_at", "opened_at", "expires_at", "refused_at"]
    list_filter = ["survey", "source"]
    list_select_related = ["survey", "customer"]
    search_fields = ["customer__email", "reference"]
    date_hierarchy = "created_at"
    show_full_result_count = False


@admin.register(LatestScore)
class LatestScoreAdmin(ReadOnly):
    list_display = ["customer", "score", "band", "answered_at"]
    list_filter = ["band"]
    list_select_related = ["customer"]
    search_fields = ["customer__email"]
    show_full_result_count = False


@admin.register(SurveyStop)
class SurveyStopAdmin(ReadOnly):
    list_display = ["customer", "at"]
    list_select_related = ["customer"]
    search_fields = ["customer__email"]
    date_hierarchy = "at"
