"""The loyalty programme in Django admin: the ledger can be read there, never written."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loyalty.models import Account, Allocation, EarningRule, Entry, Lot, Programme, Redemption, Reward, Tier, TierChange


class ReadOnly(admin.ModelAdmin):
    """Rows that only actions write."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ("__str__", "tier", "active", "pending", "deficit", "earned", "spent", "expired", "metric")
    list_filter = ("tier",)
    list_select_related = ("customer", "tier")
    search_fields = ("customer__email__istartswith", "customer__last_name__istartswith")
    date_hierarchy = "joined_at"


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = ("occurred_at", "account", "kind", "points", "deficit_delta", "note", "idempotency_key")
    list_filter = ("kind",)
    list_select_related = ("account__customer",)
    search_fields = ("idempotency_key", "account__customer__email__istartswith")
    date_hierarchy = "local_day"


@admin.register(Lot)
class LotAdmin(ReadOnly):
    list_display = ("entry_id", "account", "granted", "remaining", "available_at", "expires_at")
    list_select_related = ("account__customer",)
    search_fields = ("account__customer__email__istartswith",)


@admin.register(Allocation)
class AllocationAdmin(ReadOnly):
    list_display = ("entry", "lot", "points")
    list_select_related = ("entry", "lot")
    search_fields = ("=entry__id", "=lot__entry_id")


@admin.register(TierChange)
class TierChangeAdmin(ReadOnly):
    list_display = ("account", "previous", "tier", "since", "until", "cause", "metric")
    list_filter = ("cause", "tier")
    list_select_related = ("account__customer", "tier", "previous")
    search_fields = ("account__customer__email__istartswith",)
    date_hierarchy = "since"


@admin.register(Redemption)
class RedemptionAdmin(ReadOnly):
    list_display = ("code", "reward", "account", "state", "issued_at", "expires_at")
    list_filter = ("state", "reward")
    list_select_related = ("account__customer", "reward")
    search_fields = ("code", "account__customer__email__istartswith")
    date_hierarchy = "issued_at"


@admin.register(Reward)
class RewardAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "value", "cost", "min_tier", "stock", "is_active")
    list_filter = ("is_active", "kind")
    search_fields = ("name",)


@admin.register(Tier)
class TierAdmin(ReadOnly):
    list_display = ("name", "threshold", "multiplier_percent", "colour")


@admin.register(Programme)
class ProgrammeAdmin(ReadOnly):
    list_display = ("name", "is_active", "currency", "pending_days", "expiry_months", "tier_metric", "tier_window")


@admin.register(EarningRule)
class EarningRuleAdmin(ReadOnly):
    list_display = ("name", "points", "per_minor", "rounding", "uses_tier_multiplier", "is_active")
