"""The first floor in Django's admin: people and settings can be changed, records of what happened only read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from customers.models import (
    AuditEntry,
    Brand,
    CommerceSettings,
    Consent,
    ConsentChange,
    Customer,
    CustomerFacts,
    Event,
    EventAggregate,
    ExchangeRate,
    FailedEvent,
    Heartbeat,
    ImportJob,
    JobRun,
    MrrMovement,
    Order,
    OrderLine,
    PendingEvent,
    Product,
    Refund,
    Segment,
    SegmentChange,
    SegmentMembership,
    Subscription,
    SubscriptionChange,
    Suppression,
    Topic,
)  # fmt: skip


class ReadOnly(admin.ModelAdmin):
    """Ledgers, logs and results of background work: to look at, never to change."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FactsInline(admin.StackedInline):
    model = CustomerFacts
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    """Profiles can be looked up here; changes belong on the customer page, which records them on the timeline."""

    list_display = ["id", "first_name", "last_name", "email", "country", "stage", "plan", "created_at"]
    list_display_links = ["id", "first_name", "last_name", "email"]
    list_filter = ["stage", "market", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["email__startswith", "external_id__exact", "last_name__istartswith", "first_name__istartswith"]
    inlines = [FactsInline]
    ordering = ["-id"]


class LineInline(admin.TabularInline):
    model = OrderLine
    raw_id_fields = ["product"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(ReadOnly):
    list_display = ["number", "customer", "placed_at", "total_minor", "refunded_minor", "currency", "state"]
    list_filter = ["state", ("placed_at", admin.DateFieldListFilter)]
    list_select_related = ["customer"]
    search_fields = ["number__startswith", "customer__email__exact"]
    date_hierarchy = "local_day"
    inlines = [LineInline]


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    list_display = ["number", "customer", "order", "refunded_at", "amount_minor", "currency"]
    list_filter = [("refunded_at", admin.DateFieldListFilter)]
    list_select_related = ["customer", "order"]
    search_fields = ["number__startswith", "order__number__exact"]
    date_hierarchy = "local_day"


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["sku", "name", "category"]
    list_filter = ["category"]
    search_fields = ["sku__startswith", "name"]


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["id", "name", "customer_id", "occurred_at", "amount_minor", "currency", "source"]
    list_filter = ["source"]
    search_fields = ["name__exact", "customer__email__exact"]
    ordering = ["-id"]


@admin.register(EventAggregate)
class EventAggregateAdmin(ReadOnly):
    list_display = ["customer_id", "name", "count", "first_at", "last_at"]
    search_fields = ["name__exact", "customer__email__exact"]


@admin.register(FailedEvent)
class FailedEventAdmin(ReadOnly):
    list_display = ["event", "handler", "error", "failed_at"]
    list_filter = ["handler"]
    list_select_related = ["event"]


@admin.register(PendingEvent)
class PendingEventAdmin(ReadOnly):
    list_display = ["event"]
    list_select_related = ["event"]


@admin.register(Consent)
class ConsentAdmin(ReadOnly):
    list_display = ["customer_id", "topic", "channel", "state", "changed_at"]
    list_filter = ["topic", "channel", "state"]
    list_select_related = ["topic"]
    search_fields = ["customer__email__exact"]


@admin.register(ConsentChange)
class ConsentChangeAdmin(ReadOnly):
    list_display = ["customer_id", "topic", "channel", "state", "source", "changed_at"]
    list_filter = ["topic", "channel", "state", ("changed_at", admin.DateFieldListFilter)]
    list_select_related = ["topic"]
    search_fields = ["customer__email__exact"]
    date_hierarchy = "changed_at"


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly):
    list_display = ["channel", "reason", "customer_id", "created_at"]
    list_filter = ["channel", "reason", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["customer__email__exact"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "is_default"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ["name", "timezone", "currency", "sender_email"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Segment)
class SegmentAdmin(ReadOnly):
    list_display = ["name", "kind", "member_count", "version", "is_ready_made", "refreshed_at"]
    list_filter = ["kind", "is_ready_made"]
    search_fields = ["name", "slug"]


@admin.register(SegmentMembership)
class SegmentMembershipAdmin(ReadOnly):
    list_display = ["segment", "customer_id", "entered_at"]
    list_filter = ["segment"]
    list_select_related = ["segment"]


@admin.register(SegmentChange)
class SegmentChangeAdmin(ReadOnly):
    list_display = ["segment", "customer_id", "entered", "version", "changed_at"]
    list_filter = ["segment", "entered"]
    list_select_related = ["segment"]


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnly):
    list_display = [
        "file_name",
        "kind",
        "state",
        "created_count",
        "updated_count",
        "unchanged_count",
        "problem_count",
        "created_at",
    ]
    list_filter = ["kind", "state", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["file_name"]
    date_hierarchy = "created_at"
    exclude = ["file"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    list_display = ["job", "beat_at", "ok_at", "error"]


@admin.register(JobRun)
class JobRunAdmin(ReadOnly):
    list_display = ["job", "period", "started_at", "finished_at", "summary"]
    list_filter = ["job"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ["at", "user", "verb", "object_label", "address"]
    list_filter = [("at", admin.DateFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["verb__startswith", "object_label"]
    date_hierarchy = "at"


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ["reference", "customer_id", "plan", "status", "mrr_minor", "currency", "renews_on", "cancel_at"]
    list_filter = ["status"]
    search_fields = ["reference__startswith", "customer__email__exact"]


@admin.register(SubscriptionChange)
class SubscriptionChangeAdmin(ReadOnly):
    list_display = ["subscription_id", "changed_at", "status", "plan", "mrr_minor", "is_renewal", "reason", "source"]
    list_filter = ["status", "is_renewal"]
    search_fields = ["subscription__reference__exact"]
    ordering = ["-id"]


@admin.register(MrrMovement)
class MrrMovementAdmin(ReadOnly):
    list_display = ["customer_id", "local_day", "kind", "amount_minor", "before_minor", "after_minor", "reason"]
    list_filter = ["kind"]
    search_fields = ["customer__email__exact"]
    ordering = ["-id"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnly):
    list_display = ["currency", "on", "rate"]
    list_filter = ["currency"]
    date_hierarchy = "on"


@admin.register(CommerceSettings)
class CommerceSettingsAdmin(ReadOnly):
    list_display = ["cancel_counts", "new_after_days", "renewal_grace_days"]
