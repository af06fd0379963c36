"""Referrals in the admin site, all read-only: decisions belong to the referral page, terms to the programme page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from referrals.models import Click, Code, FraudSignal, Programme, Referral, RewardGrant, RewardTally, StateChange


class ReadOnly(admin.ModelAdmin):
    """Rows that only the product itself writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StateChangeInline(ReadOnlyInline):
    model = StateChange
    fields = ["at", "from_state", "to_state", "reason", "note", "by"]


class SignalInline(ReadOnlyInline):
    model = FraudSignal
    fields = ["at", "kind", "score", "evidence"]


class GrantInline(ReadOnlyInline):
    model = RewardGrant
    fields = ["role", "points", "state", "granted_at", "reversed_at"]


@admin.register(Referral)
class ReferralAdmin(ReadOnly):
    list_display = ["claimed_at", "advocate", "friend", "state", "reason", "score", "order_number", "hold_until", "source"]
    list_filter = ["state", "reason", "programme", "source"]
    list_select_related = ["advocate", "friend"]
    search_fields = ["code__code", "order_number", "email", "advocate__email"]
    date_hierarchy = "claimed_at"
    inlines = [StateChangeInline, SignalInline, GrantInline]
    exclude = ["visitor_hash", "network_hash", "agent_hash", "email_hash"]


@admin.register(Programme)
class ProgrammeAdmin(ReadOnly):
    list_display = ["name", "headline", "advocate_points", "friend_points", "hold_days", "is_active", "updated_at"]
    list_filter = ["is_active"]
    search_fields = ["name"]


@admin.register(Code)
class CodeAdmin(ReadOnly):
    list_display = ["code", "customer", "created_at", "owner_seen_at"]
    list_select_related = ["customer"]
    search_fields = ["code", "customer__email"]
    date_hierarchy = "created_at"
    exclude = ["owner_visitor_hash", "owner_network_hash", "owner_agent_hash"]


@admin.register(Click)
class ClickAdmin(ReadOnly):
    list_display = ["at", "code", "medium", "is_bot", "user_agent"]
    list_filter = ["is_bot", "medium"]
    list_select_related = ["code"]
    search_fields = ["code__code"]
    date_hierarchy = "at"
    exclude = ["visitor_hash", "network_hash"]


@admin.register(RewardGrant)
class RewardGrantAdmin(ReadOnly):
    list_display = ["created_at", "customer", "role", "points", "state", "key"]
    list_filter = ["state", "role"]
    list_select_related = ["customer"]
    search_fields = ["key", "customer__email"]
    date_hierarchy = "created_at"


@admin.register(RewardTally)
class RewardTallyAdmin(ReadOnly):
    list_display = ["customer", "rewarded_count"]
    list_select_related = ["customer"]
    search_fields = ["customer__email"]
