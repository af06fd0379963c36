"""The rule builder with plain posts: what each button does, mistakes in their place, beginnings, suggestions."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from customers.models import EventAggregate, Product, Segment, Topic, TrackedEvent, TrackedProperty
from customers.segments.actions import save
from customers.segments.forms import draft, edits
from tests.customers.segments.inputs import posted
from tests.factories import people

pytestmark = pytest.mark.django_db
GERMANS = {"match": "all", "rules": [{"type": "field", "field": "customer.country", "op": "is", "value": "DE"}]}
ADD = "/segments/new/"


@pytest.fixture(autouse=True)
def _no_old_lists():
    cache.clear()


@pytest.fixture
def marketer(client):
    client.force_login(people.staff_member("marta", is_superuser=True))
    return client


def country(do, value="DE", **more):
    return {
        "do": do, "name": "Germans", "description": "", "r.match": "all", "r.n": "1", "r.0.what": "field:customer.country",
        "r.0.op": "is", "r.0.value": value, **more,
    }  # fmt: skip


def chosen(marketer, what, **more):
    """The inputs of a page after one condition became about something."""
    data = {"do": "refresh", "name": "New", "r.match": "all", "r.n": "1", "r.0.what": what, "r.0.about": "", **more}
    return posted(marketer.post(ADD, data).content.decode())


def tree(*rules, match="all"):
    return {"match": match, "rules": list(rules)}


def named(text):
    """A draft in short: "a (b c)" is a condition a and a group of b and c."""
    stack = [tree()]
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            stack.append(tree())
            stack[-2]["rules"].append(stack[-1])
        elif word == ")":
            stack.pop()
        else:
            stack[-1]["rules"].append({"what": word})
    return stack[0]


def short(found):
    if "rules" not in found:
        return found["what"] or "_"
    mark = {"all": "", "any": "any ", "none": "none "}[found["match"]]
    return "(" + mark + " ".join(short(rule) for rule in found["rules"]) + ")"


@pytest.mark.parametrize(
    ("before", "order", "after", "focus"),
    [
        ("a b c", "up:r.2", "(a c b)", "r.1"),
        ("a b c", "down:r.0", "(b a c)", "r.1"),
        ("a b", "up:r.0", "(a b)", "r.0"),
        ("a (b c) d", "down:r.0", "((a b c) d)", "r.0.0"),
        ("a (b c) d", "up:r.2", "(a (b c d))", "r.1.2"),
        ("a (b c) d", "up:r.1.0", "(a b (c) d)", "r.1"),
        ("a (b c) d", "down:r.1.1", "(a (b) c d)", "r.2"),
        ("a (b) c", "down:r.1.0", "(a b c)", "r.1"),
        ("a (b) c", "up:r.1", "((b) a c)", "r.0"),
        ("a b", "duplicate:r.0", "(a a b)", "r.1"),
        ("a (b c)", "duplicate:r.1", "(a (b c) (b c))", "r.2"),
        ("a b", "wrap:r.1", "(a (b))", "r.1.0"),
        ("a b", "negate:r.1", "(a (none b))", "r.1.0"),
        ("a (b c)", "negate:r.1", "(a (none (b c)))", "r.1.0"),
        ("a (b)", "negate:r.1", "(a (none b))", "r.1"),
        ("a (b c)", "unwrap:r.1", "(a b c)", "r.1"),
        ("a b", "negate:r", "(none (a b))", "r.0"),
        ("a (b)", "remove:r.1.0", "(a)", "r.0"),
        ("a b", "remove:r.0", "(b)", "r.0"),
        ("a", "remove:r.0", "(_)", "r.0"),
        ("a", "add-condition:r", "(a _)", "r.1"),
        ("a", "add-group:r", "(a (any _))", "r.1.0"),
        ("((((((( a )))))))", "wrap:r.0.0.0.0.0.0.0.0", "((((((((a))))))))", ""),
        ("a", "wrap:r.7", "(a)", ""),
        ("a", "up:r", "(a)", ""),
        ("a", "up:r.x", "(a)", ""),
    ],
)
def test_a_button_does_what_it_says(before, order, after, focus):
    found = named(before)

    assert (edits.apply(found, order), short(found)) == (focus, after)


def test_no_button_makes_more_than_a_hundred_conditions():
    found = tree(*({"what": "a"} for _ in range(100)))

    assert [edits.apply(found, order) for order in ("add-condition:r", "add-group:r", "duplicate:r.3")] == ["", "", ""]
    assert edits.leaf_count(found) == 100


def test_steps_and_properties_come_and_go():
    rule = {"what": "sequence", "steps": draft.blank_steps()}
    found = tree(rule)

    done = [
        edits.apply(found, order)
        for order in (
            "add-step:r.0",
            "add-where:r.0.s2",
            "remove-step:r.0.s0",
            "remove-where:r.0.s1.w0",
            "remove-step:r.0.s0",
        )
    ]

    assert done == ["r.0.s2", "r.0.s2.w0", "r.0", "r.0.s1", ""]
    assert [step["where"] for step in rule["steps"]] == [[], []]


def test_htmx_gets_the_rules_alone(marketer):
    response = marketer.post(ADD, country("add-condition:r"), headers={"HX-Request": "true"})

    assert response.content.decode().startswith('<div id="segment-rules"')
    assert response["HX-Trigger-After-Settle"] == "segment-changed"
    assert 'data-segment-focus="r.1"' in response.content.decode()


def test_mistakes_are_shown_where_they_are(marketer):
    page = marketer.post(ADD, country("save", value=""))

    text = page.content.decode()
    assert page.status_code == 400
    assert '<a href="#row-r.0">rules › 1 › value: Write a text.</a>' in text
    assert '<ul class="errorlist" id="e-r.0"><li>Write a text.</li></ul>' in text
    assert Segment.objects.count() == 0


def test_a_mistake_in_a_step_names_the_step(marketer):
    data = {"do": "save", "name": "N", "r.match": "all", "r.n": "1", "r.0.what": "sequence", "r.0.s0.name": "page.viewed",
            "r.0.s1.name": "", "r.0.s1.did": "true", "r.0.s1.days": "3", "r.0.s1.unit": "days"}  # fmt: skip

    assert "Step 2: Choose an event." in marketer.post(ADD, data).content.decode()


@pytest.mark.parametrize(
    ("what", "definition"),
    [
        ("field:customer.order_count", {"type": "field", "field": "customer.order_count", "op": "at_least", "value": 1}),
        (
            "field:customer.revenue_minor",
            {"type": "field", "field": "customer.revenue_minor", "op": "at_least", "value": 10000},
        ),
        ("field:customer.born_on", {"type": "field", "field": "customer.born_on", "op": "anniversary_next", "value": 7}),
        ("field:customer.created_at", {"type": "field", "field": "customer.created_at", "op": "in_last", "value": 30}),
        (
            "event:order.placed",
            {"type": "event", "name": "order.placed", "op": "at_least", "count": 1, "within": {"days": 30}},
        ),
        ("message", {"type": "message", "did": "opened", "op": "at_least", "count": 1, "within": {"days": 30}}),
        ("orders", {"type": "orders", "measure": "count", "op": "at_least", "value": 1, "within": {"days": 90}}),
        ("consent", {"type": "consent", "topic": "news", "channel": "email", "state": "granted"}),
        ("random", {"type": "random", "percent": 10}),
    ],
)
def test_a_condition_is_complete_once_it_is_known_what_it_is_about(marketer, what, definition):
    Topic.objects.create(slug="news", name="News")

    marketer.post(ADD, {**chosen(marketer, what), "do": "save"})

    assert Segment.objects.get().definition == tree(definition)


def test_what_was_typed_for_something_else_does_not_stay(marketer):
    found = chosen(marketer, "field:customer.order_count", **{"r.0.about": "field:customer.city", "r.0.value": "Leeds"})

    assert found["r.0.value"] == ["1"]


def test_a_property_is_read_as_the_type_the_tracking_plan_knows(marketer):
    TrackedEvent.objects.create(name="app.used", count=5)
    TrackedProperty.objects.create(event="app.used", name="minutes", expected_type="integer", count=5)
    data = {"r.0.about": "event", "r.0.name": "app.used", "r.0.w0.property": "minutes", "r.0.w0.was": ""}

    page = marketer.post(ADD, {"do": "refresh", "name": "N", "r.match": "all", "r.n": "1", "r.0.what": "event", **data})

    found = posted(page.content.decode())
    assert (found["r.0.w0.as"], found["r.0.w0.op"]) == (["number"], ["at_least"])
    assert '<option value="minutes" label="minutes" data-hint="number">' in page.content.decode()


def test_a_number_that_could_mean_two_is_refused_and_not_guessed(marketer):
    data = {"r.0.what": "field:customer.order_count", "r.0.op": "at_least", "r.0.value": "1,000"}

    assert "Write a number." in marketer.post(ADD, country("save") | data).content.decode()
    marketer.post(ADD, country("save") | data | {"r.0.value": "1,000.0"})
    assert Segment.objects.get().definition["rules"][0]["value"] == 1000


def test_suggestions_say_what_products_there_are_and_how_many_did_an_event(marketer, at):
    Product.objects.create(sku="JAR-1", name="Jam jar", category="Kitchen")
    Product.objects.create(sku="LAMP", name="Lantern", category="Home")
    EventAggregate.objects.create(customer=people.alice(), name="app.used", count=7, first_at=at, last_at=at)

    products = marketer.get(reverse("customers:segment-suggest-products"), {"q": "jar"}).json()
    events = marketer.get(reverse("customers:segment-suggest-events")).json()

    assert products == [{"value": "JAR-1", "label": "Jam jar", "hint": "JAR-1 · Kitchen"}]
    assert events == [{"value": "app.used", "hint": "1 customer"}]


def test_a_new_segment_starts_from_a_recipe_or_a_copy(marketer, at):
    people.alice(country="DE")
    segment = save.rules(name="Germans", definition=GERMANS, at=at, description="From Germany")

    copy = posted(marketer.get(ADD, {"from": segment.pk}).content.decode())
    start = marketer.get(ADD, {"start": ""}).content.decode()
    nothing = marketer.get(ADD, {"from": "²", "recipe": "no-such"})

    assert (copy["name"], copy["description"], copy["r.0.value"]) == (["Germans (copy)"], ["From Germany"], ["DE"])
    assert f'<option value="{segment.pk}">Germans</option>' in start
    assert nothing.status_code == 200


def test_the_editor_asks_few_questions_and_counts_nobody(marketer, at, django_assert_max_num_queries):
    rules = [{"type": "field", "field": "customer.industry", "op": "is", "value": "x"}] * 60
    rules += [{"type": "event", "name": "order.placed", "op": "at_least", "count": 2}] * 39
    segment = save.rules(name="Long", definition=tree(*rules), at=at)
    marketer.get(ADD)

    with django_assert_max_num_queries(14) as asked:
        marketer.get(reverse("customers:segment-edit", args=[segment.pk]))

    assert [query for query in asked.captured_queries if "COUNT(" in query["sql"]] == []
