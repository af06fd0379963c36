"""Menu entries of the first floor."""

from customers.ports import page_actions, settings_pages
from customers.ports.nav import NavItem, register
from customers.ports.settings_pages import SettingsPage
from customers.ports.settings_pages import register as register_page

PEOPLE = ("list", "add", "detail", "edit", "timeline", "orders", "consent", "lists")
FORMS = ("topic-add", "topic-edit", "import-new", "import-map", "import-detail")
PAGES = [
    ("brand-edit", "Brand", "palette", "Name, look, sender, postal address, time zone and currency.",
    "customers.view_brand", 10, "Account"),
    ("topic-list", "Topics", "tags", "What customers can subscribe to.", "customers.view_topic", 20, "Consent and privacy"),
    ("import-list", "Imports", "upload", "Files that were taken in, and what became of them.", "customers.view_importjob",
    40, "Data"),
    ("watchdog", "Watchdog", "activity", "Background work: what waits, what is late, what failed.",
    "customers.view_heartbeat", 80, "System"),
    ("event-list", "Event catalogue", "list-tree", "Every event that can stand on a timeline.", "customers.view_event", 50,
    "Data"),
    ("audit-list", "Audit log", "scroll-text", "Who of the staff did what.", "customers.view_auditentry", 90, "System"),
]  # fmt: skip

PERSON = ("merge-search", "merge", "person-copy", "person-erase")
ACTIONS = [
    page_actions.PageAction("edit", "Edit", "pencil", "customers:customer-edit", 10, "customers.change_customer"),
    page_actions.PageAction(
        "consent", "Record consent", "mail-check", "customers:customer-consent", 20, "customers.change_consent"
    ),
]


def register_pages() -> None:
    """The first floor's own settings pages."""
    for name, title, icon, text, permission, order, section in PAGES:
        register_page(SettingsPage(f"customers:{name}", title, icon, text, permission, order, section))


def register_all() -> None:
    """Menu entries, and the first floor's buttons on the customer page.

    Called after every settings page is registered, so that each lights up "Settings".
    """
    for action in ACTIONS:
        page_actions.register(action)
    people = tuple(f"customers:{name}" for name in (*(f"customer-{name}" for name in PEOPLE), *PERSON))
    pages = settings_pages.all()
    settings = (
        *(page.url_name for page in pages),
        *(name for page in pages for name in page.match),
        *(f"customers:{name}" for name in FORMS),
    )
    register(
        NavItem(
            "customers", "Customers", "users", "customers:customer-list", 10, people, "customers.view_customer", "Audience"
        )
    )
    register(NavItem("settings", "Settings", "settings", "customers:settings", 90, settings, "", "System"))
