"""Reading a column mapping from YAML: strictly, every problem with its line.

The file is narrower than YAML: groups of words, no lists, no anchors, no tags, nothing said twice, and every word is
text as it stands (``No`` is a country's name here, not a truth value).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from deals.actions.imports import Standing
from deals.choices import OpportunityStage, OpportunityStatus
from partners.choices import PartnerType
from prm.core.countries import COUNTRIES
from prm.core.csv_import import DAY_ORDERS, ENCODINGS
from prm.core.money import CURRENCY_DIGITS
from prm.core.refused import Refused
from prm.integrations.mapping import KNOWN_FIELDS, NEEDED_FIELDS, Customers, Deals, Mapping, Source, Team

MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"
MOST_BYTES = 200_000
Part = TypeVar("Part")
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class MappingRefused(Refused):
    """The file is no usable mapping. ``problems`` are (line, what is wrong), in order."""

    code = "integrations.mapping.refused"
    text = "The mapping can't be used: line %(line)s: %(first)s"

    def __init__(self, problems: list[tuple[int, str]]):
        self.problems = sorted(problems)
        super().__init__(values={"line": self.problems[0][0], "first": self.problems[0][1]})


@dataclass(frozen=True)
class _Word:
    """A text and where it stands."""

    text: str
    line: int


@dataclass
class _Group:
    """Named words and groups, and where the group begins. Reading takes entries out; what is left is unknown."""

    entries: dict[str, "_Word | _Group"]
    lines: dict[str, int]
    line: int


def shipped_mappings() -> list[str]:
    """Names of the mappings that ship with the product."""
    return sorted(path.stem for path in MAPPINGS.glob("*.yaml"))


def shipped_mapping(name: str) -> Mapping:
    """A mapping that ships with the product, by its name."""
    return read_mapping((MAPPINGS / f"{name}.yaml").read_bytes())


def read_mapping(content: bytes) -> Mapping:
    """Read a mapping file. Raises MappingRefused with every problem and its line."""
    reader = _Reader()
    mapping = reader.mapping(_tree(content))
    if reader.problems or mapping is None:
        raise MappingRefused(reader.problems)
    return mapping


class _Reader:
    """Takes the file apart and collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []

    def mapping(self, top: _Group) -> Mapping | None:
        """The whole file; None where a part that can't be missing is."""
        name = self._word(top, "name", required=True)
        currency = self._word(top, "currency", one_of=CURRENCY_DIGITS)
        dates = self._word(top, "dates", one_of=DAY_ORDERS)
        encoding = self._word(top, "encoding", one_of=ENCODINGS)
        deals = self._part(top, "opportunities", self._deals, required=True)
        products = self._part(top, "products", self._source)
        customers = self._part(top, "accounts", self._customers)
        team = self._part(top, "partners", self._team)
        self._nothing_left(top, "")
        if deals is None:
            return None
        return Mapping(name, deals, products, customers, team, currency, dates, encoding)

    def _part(
        self, top: _Group, name: str, read: Callable[[_Group, str], Part], *, required: bool = False
    ) -> Part | None:
        group = self._group(top, name, required=required)
        if group is None:
            return None
        part = read(group, name)
        self._nothing_left(group, name)
        return part

    def _deals(self, group: _Group, name: str) -> Deals:
        source = self._source(group, name)
        stages = {}
        for stage, entry in self._entries(group, "stages", required=True):
            if not isinstance(entry, _Group):
                self._problem(entry.line, f"the stage {stage} needs a stage and a status")
                continue
            stages[stage] = self._standing(entry, stage)
        return Deals(
            source.file,
            source.columns,
            stages=stages,
            products=self._words(group, "products"),
            partner_worked=self._word(group, "partner_worked", one_of=("yes", "no"), required=True) == "yes",
        )

    def _standing(self, group: _Group, stage: str) -> Standing:
        ours = self._word(group, "stage", one_of=OpportunityStage.values, required=True)
        status = self._word(group, "status", one_of=OpportunityStatus.values, required=True)
        self._nothing_left(group, f"stages.{stage}")
        if ours and status and (ours == OpportunityStage.CLOSED) != (status != OpportunityStatus.OPEN):
            self._problem(group.line, f"the stage {stage} must be closed exactly when it is won or lost")
        return Standing(ours, status)

    def _customers(self, group: _Group, name: str) -> Customers:
        source = self._source(group, name)
        countries = self._words(group, "countries", one_of=COUNTRIES)
        return Customers(source.file, source.columns, countries=countries)

    def _team(self, group: _Group, name: str) -> Team:
        source = self._source(group, name)
        kind = self._word(group, "type", one_of=PartnerType.values, required=True)
        agreement = self._word(group, "agreement", one_of=("first_engaged", "none"), required=True)
        domain = self._word(group, "mail_domain", required="owner" in source.columns)
        if domain and not _HOST.fullmatch(domain):
            self._problem(group.line, f"mail_domain: {domain} is not a domain in small letters")
        return Team(source.file, source.columns, type=kind, agreement=agreement == "first_engaged", mail_domain=domain)

    def _source(self, group: _Group, name: str) -> Source:
        file = self._word(group, "file", required=True)
        if file and (Path(file).name != file or file.startswith(".")):
            self._problem(group.line, f"{name}: {file} must be the plain name of a file in the folder")
        line, columns = group.lines.get("columns", group.line), {}
        for field, entry in self._entries(group, "columns", required=True):
            if field not in KNOWN_FIELDS[name]:
                known = ", ".join(KNOWN_FIELDS[name])
                self._problem(entry.line, f"{name}: {field} is not a field; there are {known}")
            elif isinstance(entry, _Group) or not entry.text:
                self._problem(entry.line, f"{name}: {field} needs the name of a column")
            else:
                columns[field] = entry.text
        for field in NEEDED_FIELDS[name]:
            if field not in columns:
                self._problem(line, f"{name}: no column is given for {field}")
        return Source(file, columns)

    def _word(self, group: _Group, name: str, *, one_of: Collection[str] | None = None, required: bool = False) -> str:
        entry = group.entries.pop(name, None)
        if isinstance(entry, _Group):
            self._problem(entry.line, f"{name} must be a word")
            return ""
        if entry is None or not entry.text:
            if required or entry is not None:
                self._problem(entry.line if entry else group.line, f"{name} is missing")
            return ""
        if one_of is not None and entry.text not in one_of:
            known = ", ".join(one_of) if len(one_of) < 12 else "the known codes"
            self._problem(entry.line, f"{name}: {entry.text} is not one of {known}")
            return ""
        return entry.text

    def _words(self, group: _Group, name: str, *, one_of: Collection[str] | None = None) -> dict[str, str]:
        words = {}
        for key, entry in self._entries(group, name):
            if isinstance(entry, _Group) or not entry.text:
                self._problem(entry.line, f"{name}: {key} needs a word")
            elif one_of is not None and entry.text not in one_of:
                self._problem(entry.line, f"{name}: {entry.text} is not a known code")
            else:
                words[key] = entry.text
        return words

    def _entries(self, group: _Group, name: str, *, required: bool = False) -> "list[tuple[str, _Word | _Group]]":
        inner = self._group(group, name, required=required)
        return list(inner.entries.items()) if inner else []

    def _group(self, group: _Group, name: str, *, required: bool = False) -> _Group | None:
        entry = group.entries.pop(name, None)
        if isinstance(entry, _Word):
            self._problem(entry.line, f"{name} must be a group of names and words")
            return None
        if required and (entry is None or not entry.entries):
            self._problem(entry.line if entry else group.line, f"{name} is missing")
        return entry

    def _nothing_left(self, group: _Group, place: str) -> None:
        for name in group.entries:
            self._problem(group.lines[name], f"{f'{place}: ' if place else ''}{name} is not known here")

    def _problem(self, line: int, reason: str) -> None:
        self.problems.append((line, reason))


def _tree(content: bytes) -> _Group:
    if len(content) > MOST_BYTES:
        raise MappingRefused([(1, "the file is larger than a mapping can be")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingRefused([(content[: error.start].count(b"\n") + 1, "the file must be UTF-8 text")]) from None
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise MappingRefused([(_line(event), "anchors and aliases are not used in mappings")])
            if getattr(event, "tag", None):
                raise MappingRefused([(_line(event), "tags are not used in mappings")])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MappingRefused([(mark.line + 1 if mark else 1, error.problem or "is not YAML")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingRefused([(1, str(error).split("\n")[0] or "is not YAML")]) from None
    if not isinstance(node, yaml.MappingNode):
        raise MappingRefused([(1, "the file must be a group of names and words")])
    return _group_of(node)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _group_of(node: yaml.MappingNode) -> _Group:
    group = _Group({}, {}, node.start_mark.line + 1)
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise MappingRefused([(line, "a name must be a word")])
        if key.value in group.entries:
            raise MappingRefused([(line, f"{key.value} is said twice")])
        match value:
            case yaml.MappingNode():
                group.entries[key.value] = _group_of(value)
            case yaml.ScalarNode():
                group.entries[key.value] = _Word(value.value, line)
            case _:
                raise MappingRefused([(line, f"{key.value}: lists are not used in mappings")])
        group.lines[key.value] = line
    return group
