"""The product's own import formats: the columns of each kind, what they hold, and other names that mean them."""

from dataclasses import dataclass

from customers.enums import ImportKind


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a format: how it is called, what it holds, an example, and which other headers mean it.

    `group` sets columns apart that only come in files of other systems ("consent").
    """

    key: str
    label: str
    help: str
    example: str = ""
    required: bool = False
    synonyms: tuple[str, ...] = ()
    group: str = ""


def _column(
    key: str, label: str, help: str, synonyms: str = "", *, example: str = "", required: bool = False, group: str = ""
) -> Column:
    return Column(key, label, help, example, required, tuple(synonyms.split()), group)


PERSON = (
    _column("customer_id", "Customer id",
                "external id of the customer", "customer externalid customernumber clientid userid",
            example="C-1001"),
    _column("email", "E-mail", "address of the customer, when there is no id", "emailaddress mail customeremail",
            example="alice@example.com"),
)  # fmt: skip
CURRENCY = _column(
    "currency", "Currency", "three letters; that of the account when empty. Another one needs an exchange rate of the day",
    "currencycode", example="GBP",
)  # fmt: skip

FORMATS: dict[str, tuple[Column, ...]] = {
    ImportKind.CUSTOMERS: (
        _column("external_id", "External id", "the shop’s own id of the customer",
                "customerid customernumber customerno clientid userid id contactid personid", example="C-1001"),
        _column("email", "E-mail", "one address; stored in lower case, its domain in ASCII form",
                "emailaddress mail mailaddress epost correo courriel", example="alice@example.com"),
        _column("phone", "Phone", "with country code, or as of the country in the same row; stored as E.164",
                "phonenumber telephone tel mobile mobilephone cell", example="+44 20 7946 0018"),
        _column("first_name", "First name", "given name", "firstname forename givenname vorname prenom nombre fname",
                example="Alice"),
        _column("last_name", "Last name", "family name", "lastname surname familyname nachname nom apellido lname",
                example="Baker"),
        _column("locale", "Language", "en, de-AT", "language lang", example="en"),
        _column("timezone", "Time zone", "Europe/London", "tz timezonename", example="Europe/London"),
        _column("country", "Country", "two letters, or the English name", "countrycode land pays pais", example="GB"),
        _column("city", "City", "town or city", "town ort stadt ville ciudad", example="London"),
        _column("currency", "Currency", "three letters", "currencycode", example="GBP"),
        _column("company", "Company", "organisation", "companyname organisation organization firma"),
        _column("industry", "Industry", "branch of trade", "branch sector vertical"),
        _column("market", "Market", "consumer, business, government or nonprofit", "markettype", example="consumer"),
        _column("persona", "Persona", "role or type of buyer", "role"),
        _column("plan", "Plan", "subscription plan", "planname subscriptionplan"),
        _column("usage_level", "Product usage", "none, low, medium or high", "usage productusage"),
        _column("acquisition_channel", "Acquisition channel", "how they came", "channel acquiredthrough signupsource",
                example="search"),
        _column("acquisition_cost", "Acquisition cost", "what winning them cost, in the account’s currency",
                "cac acquisitioncosts", example="12.50"),
        _column("acquired_on", "Acquired on", "a day", "acquired acquisitiondate", example="2026-03-16"),
        _column("born_on", "Birthday", "a day", "birthday birthdate dateofbirth dob born geburtstag", example="1984-07-02"),
        _column("renews_on", "Renewal date", "a day", "renewaldate renewal renews"),
        _column("created_at", "Customer since", "a time or a day; the time of the import when empty",
                "created createdon signedupat signupdate registeredat registrationdate customersince joinedat datejoined",
                example="2026-03-16T09:30:00"),
        _column("anonymous_id", "Anonymous id", "id of a browser that is this customer", "anonymousid visitorid"),
        _column("stripe_id", "Stripe customer", "id of the customer at Stripe", "stripecustomerid stripecustomer"),
        _column("shopify_id", "Shopify customer", "id of the customer at Shopify", "shopifycustomerid shopifycustomer"),
        _column("email_consent", "E-mail: answer",
                "subscribed or unsubscribed; any other word is no answer", group="consent"),
        _column("email_consent_at", "E-mail: time of the answer", "when they answered", group="consent"),
        _column("email_unsubscribed_at", "E-mail: unsubscribed at", "filled: they said no then", group="consent"),
        _column("email_blocked", "E-mail: blocked because", "HARD_BOUNCE, SPAM_COMPLAINT, UNSUBSCRIBE, …", group="consent"),
        _column("email_bounced_at", "E-mail: bounced at", "filled: the address does not exist", group="consent"),
        _column("sms_consent", "SMS: answer", "subscribed or unsubscribed; any other word is no answer", group="consent"),
        _column("sms_consent_at", "SMS: time of the answer", "when they answered", group="consent"),
    ),
    ImportKind.PRODUCTS: (
        _column("sku", "SKU", "article number", "stockcode productid itemnumber articlenumber productcode", required=True,
                example="MUG"),
        _column("name", "Name", "what it is called", "productname title description", example="Mug"),
        _column("category", "Category", "group of products", "productcategory producttype type", example="Kitchen"),
    ),
    ImportKind.ORDERS: (
        _column("order_number", "Order number", "unique per order, the same on each of its lines",
                "order orderid invoice invoiceno invoicenumber number ordername", required=True, example="A-2001"),
        *PERSON,
        _column("placed_at", "Placed at", "when it was paid",
                "orderdate date createdat invoicedate placed orderedat purchasedat", required=True,
                example="2026-03-16T09:30:00"),
        CURRENCY,
        _column("sku", "SKU", "article number; an empty one is taken from the product name",
                "stockcode productid itemnumber articlenumber productcode lineitemsku", required=True, example="MUG"),
        _column("product_name", "Product name", "names a product that is new here", "productname lineitemname itemname",
                example="Mug"),
        _column("category", "Category", "group of a product that is new here", "productcategory producttype"),
        _column("quantity", "Quantity", "a whole number above 0", "qty count pieces amountofitems lineitemquantity",
                required=True, example="2"),
        _column("unit_price", "Unit price", "price of one piece, up to 6 decimals", "price itemprice lineitemprice",
                required=True, example="12.50"),
        _column("discount", "Discount", "taken off the line", "linediscount lineitemdiscount", example="1.00"),
        _column("total", "Total of the order",
                "what was paid in all, with delivery and tax; the sum of the lines when empty",
                "ordertotal grandtotal"),
        _column("order_discount", "Discount of the order", "taken off the whole order; the sum of the lines when empty"),
        _column("payment_state", "State of payment",
                "an order that is not paid is left out", "financialstatus paymentstatus"),
    ),
    ImportKind.REFUNDS: (
        _column("refund_number", "Refund number", "unique", "refund refundid creditnote creditnotenumber number",
                required=True, example="R-3001"),
        *PERSON,
        _column("refunded_at", "Refunded at", "when it was given back", "date refunddate createdat refunded", required=True,
                example="2026-03-20T11:00:00"),
        CURRENCY,
        _column("amount", "Amount", "above 0", "refundamount total value", required=True, example="12.50"),
        _column("order_number", "Order number", "the order it belongs to, when known; of the same customer",
                "order orderid invoice invoiceno", example="A-2001"),
    ),
    ImportKind.EVENTS: (
        *PERSON,
        _column("name", "Event", "what happened, up to 80 characters", "event eventname type action", required=True,
                example="Quiz Finished"),
        _column("occurred_at", "Time", "when it happened", "time timestamp date occurred eventtime datetime createdat",
                required=True, example="2026-03-16T09:30:00"),
        _column("amount", "Amount", "value of the event, when it has one", "value revenue", example="4.50"),
        _column("currency", "Currency", "three letters; that of the account when empty", "currencycode", example="GBP"),
        _column("message_id", "Message id", "id of the event in the other system: the same id is taken once",
                "messageid eventid insertid uuid id", example="m-4001"),
        _column("event_key", "Key", "key of an event that Perennial exported"),
        _column("properties", "Properties (JSON)", "all properties as one JSON object", "props eventproperties"),
    ),
    ImportKind.SUBSCRIPTIONS: (
        _column("reference", "Reference", "unique per subscription", "subscriptionid subscription id number contract",
                required=True, example="S-5001"),
        *PERSON,
        _column("status", "Status",
                "trialing, active, past_due, paused or ended", "state", required=True, example="active"),
        _column("plan", "Plan", "name of the plan", "planname product", example="Team"),
        _column("quantity", "Quantity", "seats or pieces, 1 when empty", "qty seats", example="3"),
        _column("price", "Price", "price of one piece per interval, without tax", "unitprice amount planamount",
                example="120.00"),
        _column("interval", "Interval", "month, quarter, year or a number of months", "billinginterval period term",
                example="year"),
        _column("mrr", "MRR", "monthly amount, instead of price and interval", "monthlyrevenue"),
        CURRENCY,
        _column("started_at", "Started", "when it began", "startdate start createdat created", example="2026-01-01"),
        _column("renews_on", "Renews", "day of the next renewal", "renewaldate currentperiodend nextbilling nextrenewal",
                example="2027-01-01"),
        _column("cancel_at", "Ends", "when it is going to end, once cancelled", "cancelat endson cancelsat"),
        _column("ended_at", "Ended", "when it ended", "endedat enddate canceledat cancelledat"),
        _column("changed_at", "Changed", "since when this row is true; the start (or end) when empty",
                "changed updatedat changedat validfrom"),
        _column("is_renewal", "Renewal", "yes on a row that begins a further term", "renewal"),
        _column("reason", "Reason", "why it ended or paused", "cancelreason cancellationreason"),
        _column("change_key", "Key", "key of a change that Perennial exported"),
    ),
    ImportKind.CONSENTS: (
        *PERSON,
        _column("topic", "Topic", "short name or name of a topic", "topicslug list newsletter", required=True,
                example="news"),
        _column("channel", "Channel", "email, sms, push, webhook or inbox; e-mail when empty", example="email"),
        _column("state", "Answer", "granted or denied", "answer status consent", required=True, example="granted"),
        _column("changed_at", "Time", "when they answered", "time date timestamp consentat optintime", required=True,
                example="2025-06-01T10:00:00"),
        _column("source", "Where", "where they answered; required for granted", "origin method", example="Till in Bath"),
        _column("wording", "Wording", "what they read and agreed to; required for granted", "text proof consenttext",
                example="Yes, send me the newsletter by e-mail."),
    ),
    ImportKind.POINTS: (
        *PERSON,
        _column("points", "Points", "balance to begin with: a whole number from 0", "balance pointsbalance loyaltypoints",
                required=True, example="240"),
        _column("expires_on", "Expire on",
                "day on which they end; by the programme’s rule when empty", "expiry expirydate"),
        _column("balance_key", "Key", "names the take-over; another key gives a second balance", example="opening"),
    ),
}  # fmt: skip
ATTRIBUTE_TYPES = {"text": "Text", "number": "Number", "boolean": "Yes or no", "date": "Date"}
# Kinds that take any further column, and how such a target begins: `attribute.<type>.<name>`.
FURTHER = {ImportKind.CUSTOMERS: "attribute.", ImportKind.EVENTS: "property."}


def columns(kind: str) -> dict[str, Column]:
    """The columns of a kind by key."""
    return {column.key: column for column in FORMATS[kind]}


def sample(kind: str) -> tuple[list[str], list[str]]:
    """Header and one row that show how a file of this kind looks."""
    shown = [column for column in FORMATS[kind] if column.example and column.group == ""]
    return [column.key for column in shown], [column.example for column in shown]
