"""What the buttons of the rule builder do to a draft: "duplicate:r.1", "add-where:r.0.s1", "remove-step:r.0.s2"."""

from collections.abc import Callable
from copy import deepcopy

from customers.segments.forms.draft import MAX_PROPERTIES, MAX_STEPS, Draft, blank, blank_step
from customers.segments.rules.parse import MAX_DEPTH, MAX_LEAVES

Steps = list[int]
Verb = Callable[[Draft, Steps], str]


def apply(draft: Draft, order: str) -> str:
    """Carry out what a button asks for; returns the place that should get the focus, "" when nothing was done."""
    verb, _, path = order.partition(":")
    parts = path.split(".")[1:]
    if verb in INSIDE:
        return INSIDE[verb](draft, path, parts)
    steps = _numbers(parts)
    if verb not in VERBS or steps is None or (not steps and verb not in ON_ROOT):
        return ""
    return VERBS[verb](draft, steps)


def _numbers(parts: list[str]) -> Steps | None:
    if any(not (part.isascii() and part.isdigit() and len(part) < 4) for part in parts):
        return None
    return [int(part) for part in parts]


def find(draft: Draft, steps: Steps) -> Draft | None:
    """The rule at a place, or None."""
    found = draft
    for step in steps:
        if "rules" not in found or step >= len(found["rules"]):
            return None
        found = found["rules"][step]
    return found


def place(steps: Steps) -> str:
    """The name of a place: [0, 2] is "r.0.2"."""
    return ".".join(["r", *map(str, steps)])


def leaf_count(draft: Draft) -> int:
    """How many conditions a draft holds."""
    return sum(map(leaf_count, draft["rules"])) if "rules" in draft else 1


def height(draft: Draft) -> int:
    """How many groups lie inside each other at most; 0 for a condition."""
    return 1 + max(map(height, draft["rules"]), default=0) if "rules" in draft else 0


def _add_condition(draft: Draft, steps: Steps) -> str:
    return _added(draft, steps, blank())


def _add_group(draft: Draft, steps: Steps) -> str:
    if len(steps) + 1 >= MAX_DEPTH:
        return ""
    found = _added(draft, steps, {"match": "any", "rules": [blank()]})
    return found and f"{found}.0"


def _added(draft: Draft, steps: Steps, rule: Draft) -> str:
    group = find(draft, steps)
    if group is None or "rules" not in group or leaf_count(draft) >= MAX_LEAVES:
        return ""
    group["rules"].append(rule)
    return place([*steps, len(group["rules"]) - 1])


def _remove(draft: Draft, steps: Steps) -> str:
    group = find(draft, steps[:-1])
    if group is None or "rules" not in group or steps[-1] >= len(group["rules"]):
        return ""
    del group["rules"][steps[-1]]
    if not draft["rules"]:
        draft["rules"].append(blank())
    if not group["rules"] and steps[:-1]:
        return _remove(draft, steps[:-1])
    return place([*steps[:-1], min(steps[-1], len(group["rules"]) - 1)])


def _duplicate(draft: Draft, steps: Steps) -> str:
    group, rule = find(draft, steps[:-1]), find(draft, steps)
    if group is None or rule is None or leaf_count(draft) + leaf_count(rule) > MAX_LEAVES:
        return ""
    group["rules"].insert(steps[-1] + 1, deepcopy(rule))
    return place([*steps[:-1], steps[-1] + 1])


def _up(draft: Draft, steps: Steps) -> str:
    return _moved(draft, steps, -1)


def _down(draft: Draft, steps: Steps) -> str:
    return _moved(draft, steps, 1)


def _moved(draft: Draft, steps: Steps, by: int) -> str:
    """One place on: past its neighbour, into a neighbouring group (conditions only), or out at the end of its own group."""
    group, rule = find(draft, steps[:-1]), find(draft, steps)
    if group is None or rule is None:
        return ""
    rules, index = group["rules"], steps[-1] + by
    if not 0 <= index < len(rules):
        return _moved_out(draft, steps, by)
    if "rules" in rules[index] and "rules" not in rule:
        inner = rules[index]["rules"]
        inner.insert(0 if by > 0 else len(inner), rules.pop(steps[-1]))
        return place([*steps[:-1], index - (1 if by > 0 else 0), 0 if by > 0 else len(inner) - 1])
    rules.insert(index, rules.pop(steps[-1]))
    return place([*steps[:-1], index])


def _moved_out(draft: Draft, steps: Steps, by: int) -> str:
    group, outer = find(draft, steps[:-1]), find(draft, steps[:-2]) if len(steps) > 1 else None
    if group is None or outer is None:
        return place(steps)
    index = steps[-2] + (1 if by > 0 else 0)
    outer["rules"].insert(index, group["rules"].pop(steps[-1]))
    if not group["rules"]:
        del outer["rules"][steps[-2] + (0 if by > 0 else 1)]
        index = steps[-2]
    return place([*steps[:-2], index])


def _wrap(draft: Draft, steps: Steps) -> str:
    return _wrapped(draft, steps, "all")


def _wrapped(draft: Draft, steps: Steps, match: str) -> str:
    rule = find(draft, steps)
    if rule is None or len(steps) + 1 + height(rule) > MAX_DEPTH:
        return ""
    inner = dict(rule)
    rule.clear()
    rule |= {"match": match, "rules": [inner]}
    return place([*steps, 0])


def _negate(draft: Draft, steps: Steps) -> str:
    """The opposite: any becomes none and back; all of several, and a condition, go into a group of which none may hold."""
    rule = find(draft, steps)
    if rule is None:
        return ""
    flipped = {"any": "none", "none": "any"} | ({"all": "none"} if len(rule.get("rules", [])) == 1 else {})
    if "rules" in rule and rule["match"] in flipped:
        rule["match"] = flipped[rule["match"]]
        return place(steps)
    return _wrapped(draft, steps, "none")


def _unwrap(draft: Draft, steps: Steps) -> str:
    group, rule = find(draft, steps[:-1]), find(draft, steps)
    if group is None or rule is None or "rules" not in rule:
        return ""
    group["rules"][steps[-1] : steps[-1] + 1] = rule["rules"]
    return place(steps)


def _inner(draft: Draft, parts: list[str]) -> tuple[Draft | None, list[tuple[str, int]]]:
    """The condition at a place, and the steps inside it: [("s", 1), ("w", 0)]."""
    outer = [part for part in parts if part.isdigit()]
    inside = [(part[:1], part[1:]) for part in parts[len(outer) :]]
    steps = _numbers(outer)
    if steps is None or any(kind not in "sw" or not (text.isascii() and text.isdigit()) for kind, text in inside):
        return None, []
    found = find(draft, steps)
    return (None if found is None or "rules" in found else found), [(kind, int(text)) for kind, text in inside]


def _holder(draft: Draft, parts: list[str]) -> tuple[Draft | None, list[tuple[str, int]]]:
    """What holds property conditions: the condition itself, or the step named first in the rest of the place."""
    rule, inside = _inner(draft, parts)
    if rule is None or not inside or inside[0][0] != "s":
        return rule, inside
    steps = rule.get("steps", [])
    return (steps[inside[0][1]] if inside[0][1] < len(steps) else None), inside[1:]


def _add_where(draft: Draft, path: str, parts: list[str]) -> str:
    holder, inside = _holder(draft, parts)
    if holder is None or inside or len(holder.setdefault("where", [])) >= MAX_PROPERTIES:
        return ""
    holder["where"].append({"property": ""})
    return f"{path}.w{len(holder['where']) - 1}"


def _remove_where(draft: Draft, path: str, parts: list[str]) -> str:
    holder, inside = _holder(draft, parts)
    if holder is None or len(inside) != 1 or inside[0][1] >= len(holder.get("where", [])):
        return ""
    del holder["where"][inside[0][1]]
    return path.rpartition(".")[0]


def _add_step(draft: Draft, path: str, parts: list[str]) -> str:
    rule, inside = _inner(draft, parts)
    if rule is None or inside or not 0 < len(rule.get("steps", [])) < MAX_STEPS:
        return ""
    rule["steps"][-1]["did"] = "true"
    rule["steps"].append(blank_step())
    return f"{path}.s{len(rule['steps']) - 1}"


def _remove_step(draft: Draft, path: str, parts: list[str]) -> str:
    rule, inside = _inner(draft, parts)
    if rule is None or len(inside) != 1 or len(rule.get("steps", [])) <= 2 or inside[0][1] >= len(rule["steps"]):
        return ""
    del rule["steps"][inside[0][1]]
    return path.rpartition(".")[0]


VERBS: dict[str, Verb] = {
    "add-condition": _add_condition, "add-group": _add_group, "remove": _remove, "duplicate": _duplicate, "up": _up,
    "down": _down, "wrap": _wrap, "negate": _negate, "unwrap": _unwrap,
}  # fmt: skip
ON_ROOT = ("add-condition", "add-group", "wrap", "negate")
INSIDE: dict[str, Callable[[Draft, str, list[str]], str]] = {
    "add-where": _add_where, "remove-where": _remove_where, "add-step": _add_step, "remove-step": _remove_step,
}  # fmt: skip
