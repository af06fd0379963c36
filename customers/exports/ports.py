"""What `exports` adds to the ports of the first floor: its own lists, a page among the settings, work for the worker."""

from collections.abc import Sequence
from datetime import timedelta

from customers.exports.queries import jobs as queries
from customers.exports.queries import lists
from customers.models import EventAggregate, Segment
from customers.ports import exports, jobs, settings_pages
from customers.ports.exports import Export

PEOPLE, SEGMENTS, ORDERS = "customers.view_customer", "customers.view_segment", "customers.view_order"


def register_all() -> None:
    for export in LISTS:
        exports.register(export)
    jobs.register(jobs.Job("customers.resume_exports", "Exports", "customers", timedelta(seconds=60), queries.due))
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:export-list", "Exports", "download", "Every list as a file: customers, orders, events, consents.",
            queries.EXPORT, 45, "Data", ("customers:export-new",),
        )
    )  # fmt: skip


def _segments() -> Sequence[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Segment.objects.order_by("name").values_list("id", "name")]


def _event_names() -> Sequence[tuple[str, str]]:
    names = EventAggregate.objects.order_by("name").values_list("name", flat=True).distinct()[:500]
    return [(name, name) for name in names]


LISTS = (
    Export("customers", "Customers", "Profiles with all attributes and what they bought.", "users", lists.customers,
           (PEOPLE,), 10, dated="By the day on which they became customers.", imports="customers"),
    Export("segment_members", "Members of a segment", "The customers who are in it now.", "shapes", lists.members,
           (PEOPLE, SEGMENTS), 11, choosing="Segment", choices=_segments, is_choice_required=True, imports="customers"),
    Export("orders", "Orders", "One row per order, with what was given back.", "shopping-bag", lists.orders,
           (PEOPLE, ORDERS), 20, dated="By the day of the order."),
    Export("order_lines", "Order lines", "One row per line, ready to be imported elsewhere.", "list", lists.order_lines,
           (PEOPLE, ORDERS), 21, dated="By the day of the order.", imports="orders"),
    Export("refunds", "Refunds", "Money given back.", "undo-2", lists.refunds, (PEOPLE, ORDERS), 22,
           dated="By the day of the refund.", imports="refunds"),
    Export("products", "Products", "Articles with name and category.", "package", lists.products,
           ("customers.view_product",), 23, imports="products"),
    Export("exchange_rates", "Exchange rates", "Rates by currency and day.", "coins", lists.rates,
           ("customers.view_exchangerate",), 24),
    Export("subscriptions", "Subscriptions", "As they stand now.", "repeat", lists.subscriptions,
           (PEOPLE, "customers.view_subscription"), 30, dated="By the day on which they started."),
    Export("subscription_changes", "Changes of subscriptions", "The whole history, one row per change.", "history",
           lists.subscription_changes, (PEOPLE, "customers.view_subscription"), 31, dated="By the day of the change.",
           imports="subscriptions"),
    Export("events", "Events", "The timeline, all of it or one kind of event.", "activity", lists.events,
           (PEOPLE, "customers.view_event"), 40, dated="By the day of the event.", choosing="Event", choices=_event_names,
           imports="events"),
    Export("identities", "Other ids", "Under which other ids customers are known.", "id-card", lists.identities,
           (PEOPLE,), 41),
    Export("consents", "Consents", "The answers that stand, with their proof.", "mail-check", lists.consents,
           (PEOPLE, "customers.view_consent"), 50, dated="By the day of the answer.", imports="consents"),
    Export("consent_log", "Log of consents", "Every answer ever given, with its proof.", "scroll-text", lists.consent_log,
           (PEOPLE, "customers.view_consentchange"), 51, dated="By the day of the answer."),
    Export("suppressions", "Blocked addresses", "Hashes only: they name nobody.", "ban", lists.suppressions,
           ("customers.view_suppression",), 52, dated="By the day of the block."),
    Export("import_problems", "Rows that imports left out", "With line, column and reason.", "list-x",
           lists.import_problems, ("customers.view_importproblem",), 60, dated="By the day of the import."),
)  # fmt: skip
