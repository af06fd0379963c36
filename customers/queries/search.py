"""The one-box search: customers by name, e-mail, phone, or any id by which somebody may know them.

Plans at 1M customers (PostgreSQL 15): words by Bitmap Index Scan on `customer_words` (1 to 20 ms). A beginning that a tenth
of all customers share is found by a Seq Scan that stops after the first hits: right for one word and a trap for several
(words that never meet would be looked for in every row), so for several it is switched off. Ids by Index Scan on their
unique keys, numbers of orders and subscriptions by their beginnings too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, CharField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.access import number_in
from customers.enums import IdentityKind
from customers.models import Customer, Identity, Order, Subscription
from customers.rules import folding
from customers.rules.folding import Typed
from customers.sql import search as index

CANDIDATES = 80
SHOWN = 8
IDS = 24  # found by an id; whole ids stand first in the union, so that beginnings never push them out
SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A customer found, and by what when it was not a name or address ("Order A-17"). `is_exact`: that id leads here."""

    customer: Customer
    reason: str = ""
    is_exact: bool = False


class Words(Func):
    """The words of a customer, as the index `customer_words` holds them."""

    function = "customers_words"
    output_field = TextField()


class Matches(Func):
    arg_joiner = " @@ "
    template = "(%(expressions)s::tsquery)"
    output_field = BooleanField()


class StartsWith(Func):
    arg_joiner = " LIKE "
    template = "(%(expressions)s)"
    output_field = BooleanField()


def folded(column: str) -> Any:
    """A column as the list is ordered by it: without case and accents on PostgreSQL, where an index holds it so."""
    if not sql.is_postgresql():
        return F(column)
    return Func(F(column), function="customers_folded", template='%(function)s(%(expressions)s) COLLATE "C"',
                output_field=TextField())  # fmt: skip


def by_words(typed: Typed) -> Q:
    """Customers who have a word that begins with each of the words typed, in any order; nobody when none was typed."""
    if not typed.tokens and not typed.digits:
        return Q(pk__in=[])
    if not sql.is_postgresql():
        found = Q(pk__in=RawSQL(f"SELECT rowid FROM {index.FTS} WHERE {index.FTS} MATCH %s", [_fts(typed)]))
        return found | Q(phone__endswith=typed.digits) if typed.digits else found
    # The index would have to read a third of itself for one letter: among several words, it is the initial of a name.
    letters = [token for token, _words in typed.tokens if len(token) == 1 and token.isascii()]
    if not letters or len(typed.tokens) == 1:
        return Q(_matches(_tsquery(typed)))
    wanted = _initials(letters)
    words = tuple(item for item in typed.tokens if item[0] not in letters)
    return wanted & Q(_matches(_tsquery(Typed(typed.whole, words, "")))) if words else wanted


def by_email(email: str) -> Q:
    """Customers with this address in upper or lower case, by the index of words: no other finds both."""
    return Q(email__iexact=email) & _with_word(email.lower())


def by_phone(phone: str) -> Q:
    """Customers with exactly this phone number, by the index of words: there is no other on it."""
    return Q(phone=phone) & _with_word(phone.lstrip("+"))


def _with_word(word: str) -> Q:
    is_one = word.isascii() and word.isprintable() and word and " " not in word
    return Q(_matches(_lexeme(word))) if is_one and sql.is_postgresql() else Q()


def _initials(letters: Sequence[str]) -> Q:
    """Each letter begins the first or the last name; two take one each, and `customer_name_order` finds them together."""
    if len(letters) > 2:
        return Q(pk__in=[])
    if len(letters) == 1:
        return Q(_begins("first_name", letters[0])) | Q(_begins("last_name", letters[0]))
    one, other = letters
    return (Q(_begins("last_name", one)) & Q(_begins("first_name", other))) | (
        Q(_begins("last_name", other)) & Q(_begins("first_name", one))
    )


def _matches(query: str) -> Matches:
    return Matches(Words(*map(F, index.COLUMNS)), Value(query))


def _begins(column: str, letter: str) -> Any:
    return StartsWith(folded(column), Value(f"{letter}%" if letter.isalnum() else f"\\{letter}%"))


def matching(text: str) -> Q:
    """For the list: `by_words`, and whoever an id leads to: a number of an order finds its customer."""
    typed = folding.read(text)
    ids = [hit_id for hit_id, _reason, _exact in _by_id(typed)] if typed.whole else []
    return by_words(typed) | Q(pk__in=ids) if ids else by_words(typed)


def first(customers: QuerySet[Customer], text: str, limit: int) -> list[int]:
    """Ids of the first customers of a search (a query set filtered by `matching`), in no order."""
    with in_time(folding.read(text)):
        return list(customers.order_by().values_list("pk", flat=True)[:limit])


@contextmanager
def in_time(typed: Typed) -> Iterator[None]:
    """Statements of the block may take `SECONDS` each (raises `sql.TookTooLong`) and use the index for several words."""
    with transaction.atomic(), sql.statement_timeout(SECONDS):
        if sql.is_postgresql() and len(typed.tokens) > 1:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        yield


def suggest(text: str) -> list[Hit]:
    """The best hits, at most `SHOWN`: ids first, then whole words before beginnings, then who was seen last."""
    typed = folding.read(text)
    if not typed.whole:
        return []
    ids = _by_id(typed)
    with in_time(typed):
        candidates = list(Customer.objects.filter(by_words(typed)).order_by().values_list("pk", flat=True)[:CANDIDATES])
    wanted = {hit_id for hit_id, _reason, _exact in ids} | set(candidates)
    known = {customer.pk: customer for customer in Customer.objects.filter(pk__among=wanted).select_related("facts")}
    hits: dict[int, Hit] = {}
    for hit_id, reason, is_exact in ids:
        if hit_id in known and hit_id not in hits:
            hits[hit_id] = Hit(known[hit_id], reason, is_exact)
    others = [known[pk] for pk in candidates if pk in known and pk not in hits]
    others.sort(key=lambda customer: (_rank(customer, typed), customer.pk), reverse=True)
    return [*hits.values(), *map(Hit, others)][:SHOWN]


def only(text: str) -> int | None:
    """The customer whom an id or the whole e-mail address names, when it is one; a name never decides."""
    typed = folding.read(text)
    exact = {hit_id for hit_id, _reason, is_exact in _by_id(typed) if is_exact} if typed.whole else set()
    return exact.pop() if len(exact) == 1 else None


def recent(ids: Sequence[int]) -> list[Hit]:
    """Customers by id, in this order; ids that are gone are passed over."""
    known = Customer.objects.select_related("facts").in_bulk([pk for pk in ids if 0 < pk < 2**63][:SHOWN])
    return [Hit(known[pk]) for pk in ids if pk in known][:SHOWN]


def _rank(customer: Customer, typed: Typed) -> tuple[int, float]:
    own = set(folding.fold(f"{customer.first_name} {customer.last_name}").replace("-", " ").split())
    whole = sum(all(word in own for word in words) for _token, words in typed.tokens)
    facts = getattr(customer, "facts", None)
    return whole, facts.last_seen_at.timestamp() if facts and facts.last_seen_at else 0.0


def _by_id(typed: Typed) -> list[tuple[int, str, bool]]:
    """(customer id, why, whether the whole id was typed), in one statement; an exact one comes before a beginning."""
    text = typed.whole
    short = text[:120]
    parts = [
        _rows(Customer.objects.filter(external_id=short), "pk", "external", "external_id"),
        _rows(Customer.objects.filter(email=text.lower()), "pk", "email", "email"),
        _rows(Identity.objects.filter(kind__in=IdentityKind.values, value=text), "customer_id", F("kind"), "value"),
        _rows(Order.objects.filter(number=short), "customer_id", "order", "number"),
        _rows(Subscription.objects.filter(reference=short), "customer_id", "subscription", "reference"),
    ]
    if (number := number_in(text.removeprefix("#"))) and text.startswith("#"):
        parts.append(_rows(Customer.objects.filter(pk=number), "pk", "number", "email"))
    if len(text) > 2 and not any(char.isspace() for char in text):
        parts += [
            _rows(Order.objects.filter(number__startswith=short).order_by(), "customer_id", "order", "number"),
            _rows(Subscription.objects.filter(reference__startswith=short), "customer_id", "subscription", "reference"),
        ]
    labels = {"order": _("Order"), "subscription": _("Subscription"), "external": "", "email": "", "number": ""}
    labels |= {str(kind.value): str(kind.label) for kind in IdentityKind}
    found = []
    for pk, kind, value in parts[0].union(*parts[1:], all=True)[:IDS]:
        exact = value == text or kind in {"number", "email"}
        found.append((pk, f"{labels[kind]} {value}" if labels[kind] else "", exact))
    return sorted(found, key=lambda hit: not hit[2])


def _rows(rows: QuerySet[Any], customer: str, kind: Any, value: str) -> QuerySet[Any]:
    kind = kind if isinstance(kind, F) else Value(kind, output_field=CharField())
    return rows.order_by().values_list(F(customer), kind, F(value))


def _tsquery(typed: Typed) -> str:
    """Every token as the beginning of a word, or as several words ("smith-jones"); digits also from the end of a phone."""
    parts = []
    for token, words in typed.tokens:
        choices = [_prefix(token)]
        if words != (token,) and min(map(len, words)) > 1:
            choices.append("(" + " & ".join(_prefix(word) for word in words) + ")")
        parts.append("(" + " | ".join(choices) + ")")
    query = " & ".join(parts)
    if typed.digits:
        phone = f"{_lexeme(typed.digits)}:* | {_lexeme('~' + typed.digits[::-1])}:*"
        query = f"({query}) | {phone}" if query else phone
    return query


def _prefix(word: str) -> str:
    # The database's own lower() leaves letters beyond ASCII alone where its locale is C: look for capitals too.
    forms = dict.fromkeys([word] if word.isascii() else [word, word.capitalize(), word.upper()])
    found = [f"{_lexeme(form)}:*" for form in forms]
    return found[0] if len(found) == 1 else "(" + " | ".join(found) + ")"


def _lexeme(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _fts(typed: Typed) -> str:
    parts = ['"' + " ".join(words).replace('"', "") + '"*' for _token, words in typed.tokens]
    if typed.digits:
        return f'({" ".join(parts)}) OR "{typed.digits}"*' if parts else f'"{typed.digits}"*'
    return " ".join(parts)
