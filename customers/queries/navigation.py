"""Menu entries of the first floor."""

from customers.ports.nav import NavItem, register

PEOPLE = ("list", "add", "detail", "edit", "timeline", "orders", "consent")
SETTINGS = (
    "brand-edit", "topic-list", "topic-add", "topic-edit", "watchdog", "event-list", "audit-list", "import-list",
    "import-new",
    "import-map", "import-detail",
)  # fmt: skip


def register_all() -> None:
    people = tuple(f"customers:customer-{name}" for name in PEOPLE)
    settings = tuple(f"customers:{name}" for name in SETTINGS)
    register(
        NavItem(
            "customers", "Customers", "users", "customers:customer-list", 10, people, "customers.view_customer", "Audience"
        )
    )
    register(NavItem("settings", "Settings", "settings", "customers:settings", 90, settings, "", "System"))
