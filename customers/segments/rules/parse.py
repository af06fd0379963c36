"""JSON to tree: every mistake is found, and says where it is and what to do about it."""

from dataclasses import dataclass

from customers.segments.rules import readers, reading
from customers.segments.rules.reading import Path, Raw, Wrong
from customers.segments.rules.tree import Group, Match, Node

MAX_DEPTH = 8
MAX_LEAVES = 100


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong: `path` leads to it from the root, positions counted from 0."""

    path: Path
    message: str

    def __str__(self) -> str:
        where = " › ".join(str(step + 1) if isinstance(step, int) else step for step in self.path)
        return f"{where}: {self.message}" if where else self.message


class BadDefinition(ValueError):
    """The definition cannot be understood; `mistakes` lists everything that is wrong with it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(str(mistake) for mistake in mistakes))


def parse(definition: object) -> Group:
    """The tree of a definition. Raises `BadDefinition` with all mistakes; nothing else, whatever comes in."""
    reader = _Reader()
    node = reader.node(definition, (), 1)
    if not reader.mistakes and reader.count > MAX_LEAVES:
        reader.mistakes.append(Mistake((), f"A segment holds at most {MAX_LEAVES} conditions."))
    if reader.mistakes or not isinstance(node, Group):
        raise BadDefinition(reader.mistakes or [Mistake((), "The rules must start with a group: all, any or none.")])
    return node


class _Reader:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.count = 0

    def node(self, raw: object, path: Path, depth: int) -> Node | None:
        try:
            if not isinstance(raw, dict):
                raise Wrong(path, "A rule must be an object.")
            if "match" in raw:
                return self._group(raw, path, depth)
            self.count += 1
            return readers.leaf(raw, path)
        except Wrong as wrong:
            self.mistakes.append(Mistake(wrong.path, wrong.message))
            return None

    def _group(self, raw: Raw, path: Path, depth: int) -> Group:
        reading.only(raw, {"match", "rules"}, path)
        if depth > MAX_DEPTH:
            raise Wrong(path, f"Groups can be nested {MAX_DEPTH} deep.")
        match = reading.one_of(raw.get("match"), [item.value for item in Match], (*path, "match"))
        rules = raw.get("rules")
        if not isinstance(rules, list) or not rules:
            raise Wrong((*path, "rules"), "Add at least one condition.")
        if len(rules) > MAX_LEAVES:
            raise Wrong((*path, "rules"), f"A segment holds at most {MAX_LEAVES} conditions.")
        found = [self.node(rule, (*path, "rules", index), depth + 1) for index, rule in enumerate(rules)]
        return Group(Match(match), tuple(node for node in found if node is not None))
