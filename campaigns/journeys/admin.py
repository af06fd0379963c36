"""Journeys in the administration: settings to search, runs and their log to read."""

from django.contrib import admin
from django.http import HttpRequest

from campaigns.journeys.models import Enrolment, Journey, JourneyVersion, StepLog


class ReadOnly(admin.ModelAdmin):
    """Shown, never changed: rows are written by the engine."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


@admin.register(Journey)
class JourneyAdmin(ReadOnly):
    list_display = ("name", "state", "topic", "holdout_percent", "activated_at", "updated_at")
    list_filter = ("state", "topic")
    search_fields = ("name", "slug", "description")


@admin.register(JourneyVersion)
class JourneyVersionAdmin(ReadOnly):
    list_display = ("journey", "number", "published_at", "entered_count", "control_count", "completed_count", "goal_count")
    list_select_related = ("journey",)
    search_fields = ("journey__name",)
    date_hierarchy = "published_at"


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnly):
    list_display = ("id", "journey", "customer", "step", "state", "due_at", "entered_at", "ended_at", "end_reason")
    list_filter = ("state", "journey")
    list_select_related = ("journey", "customer", "step")
    search_fields = ("customer__email", "=customer__external_id")
    show_full_result_count = False


@admin.register(StepLog)
class StepLogAdmin(ReadOnly):
    list_display = ("id", "enrolment", "step", "at", "outcome")
    list_filter = ("outcome",)
    list_select_related = ("enrolment", "step")
    search_fields = ("=enrolment__id", "enrolment__customer__email")
    show_full_result_count = False
