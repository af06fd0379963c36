"""Facts, cohorts and scores in the administration: to look at, never to change; they are rebuilt from the truth."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from metrics.models import CohortCell, DailyFact, DirtyDay, MonthlyFact, RfmScore


class ReadOnly(admin.ModelAdmin):
    """Look, search, filter; nothing else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DailyFact)
class DailyFactAdmin(ReadOnly):
    list_display = ("day", "metric", "dimension", "dimension_value", "value", "numerator", "denominator", "is_final")
    list_filter = ("metric", "dimension", "is_final")
    search_fields = ("metric", "dimension_value")
    date_hierarchy = "day"
    ordering = ("-day", "metric")
    show_full_result_count = False


@admin.register(MonthlyFact)
class MonthlyFactAdmin(ReadOnly):
    list_display = ("month", "metric", "value", "numerator", "denominator", "is_complete")
    list_filter = ("metric", "is_complete")
    date_hierarchy = "month"
    ordering = ("-month", "metric")


@admin.register(CohortCell)
class CohortCellAdmin(ReadOnly):
    list_display = ("cohort", "offset", "customers", "revenue_minor", "is_complete")
    list_filter = ("is_complete",)
    date_hierarchy = "cohort"
    ordering = ("-cohort", "offset")


@admin.register(RfmScore)
class RfmScoreAdmin(ReadOnly):
    list_display = ("customer", "cell", "rfm_class", "last_order_on", "order_count", "revenue_minor", "computed_on")
    list_filter = ("rfm_class", "r", "f", "m")
    search_fields = ("=customer__email", "=customer__external_id")
    list_select_related = ("customer",)
    ordering = ("-revenue_minor",)
    show_full_result_count = False


@admin.register(DirtyDay)
class DirtyDayAdmin(ReadOnly):
    list_display = ("day", "family", "reason", "marks", "marked_at")
    list_filter = ("family",)
    ordering = ("day",)
