"""The program as a YAML file: read with line numbers, written so that it reads back the same.

Reading is narrower than YAML: no anchors, no tags, no repeated keys, one document. Words are words (only ``true`` and
``false`` are truth values, ``09:00`` is text) and decimals are exact.
"""

import re
from dataclasses import dataclass, fields
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from partners.rules.blueprint import BenefitEntry, Problem, Program, ProgramInconsistent, read_program
from partners.rules.term_reader import Terms
from prm.core.refused import Refused

BLUEPRINTS = Path(__file__).resolve().parent.parent / "blueprints"
MAX_BYTES = 500_000
MAX_DEPTH = 12
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class FileProblem:
    """A problem at a line of the file, counted from 1."""

    line: int
    path: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.path} ' if self.path else ''}{self.reason}"


class ProgramFileRefused(Refused):
    """The file can't become a program. ``problems`` says where and why."""

    code = "partners.program_file.refused"
    text = "The file is not a usable program: %(first)s"

    def __init__(self, problems: list[FileProblem]):
        self.problems = sorted(problems, key=lambda each: each.line)
        super().__init__(values={"first": str(self.problems[0]), "count": len(problems)})


@dataclass(frozen=True)
class ProgramFile:
    """A file that was understood: the program, its text, and warnings with their lines."""

    program: Program
    text: str
    warnings: tuple[FileProblem, ...]


def blueprint_text(name: str) -> str:
    """The text of a blueprint that ships with the product: ``standard`` or ``starter``."""
    return (BLUEPRINTS / f"{name}.yaml").read_text(encoding="utf-8")


def shipped_blueprints() -> list[str]:
    """Names of the blueprints that ship with the product."""
    return sorted(path.stem for path in BLUEPRINTS.glob("*.yaml"))


def read_program_file(content: bytes | str) -> ProgramFile:
    """Read a program file strictly. Raises ProgramFileRefused with every problem and its line."""
    text = _text_of(content)
    lines: dict[str, int] = {}
    node = _compose(text)
    data = _Reader(lines).read(node, "", 1)
    try:
        program, warnings = read_program(data)
    except ProgramInconsistent as error:
        raise ProgramFileRefused([_located(each, lines) for each in error.problems]) from None
    return ProgramFile(program, text, tuple(_located(each, lines) for each in warnings))


def write_program_file(program: Program) -> str:
    """The program as a file that `read_program_file` reads back to an equal one."""
    data: dict[str, Any] = _native(program.header)
    for topic, terms in program.topics.items():
        data[topic] = _native(terms)
    data["registration"].pop("reminder_days")
    data["registration"].pop("priority_tiers")
    data["tracks"] = [_native(track) for track in program.tracks]
    data["types"] = [_native(entry) for entry in program.types]
    data["benefits"] = [_benefit(entry) for entry in program.benefits]
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)


def _text_of(content: bytes | str) -> str:
    if isinstance(content, bytes):
        if len(content) > MAX_BYTES:
            raise ProgramFileRefused([FileProblem(1, "", "the file is larger than a program can be")])
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise ProgramFileRefused([FileProblem(line, "", "the file must be UTF-8 text")]) from None
    if len(content) > MAX_BYTES:
        raise ProgramFileRefused([FileProblem(1, "", "the file is larger than a program can be")])
    return content


def _compose(text: str) -> yaml.Node:
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                line = _line_of(event.start_mark)
                raise ProgramFileRefused([FileProblem(line, "", "anchors and aliases are not used in program files")])
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ProgramFileRefused([FileProblem(_line_of(event.start_mark), "", "is nested too deeply")])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = _line_of(error.problem_mark or error.context_mark)
        raise ProgramFileRefused([FileProblem(line, "", error.problem or "is not YAML")]) from None
    except yaml.YAMLError as error:
        raise ProgramFileRefused([FileProblem(1, "", str(error).split("\n")[0])]) from None
    if node is None:
        raise ProgramFileRefused([FileProblem(1, "", "the file is empty")])
    return node


def _line_of(mark: Any) -> int:
    """The line of a parser's mark, counted from 1."""
    return mark.line + 1 if mark else 1


class _Reader:
    """Turns nodes into plain data and notes the line of every place."""

    def __init__(self, lines: dict[str, int]) -> None:
        self.lines = lines

    def read(self, node: yaml.Node, path: str, line: int) -> Any:
        self.lines[path] = line
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise ProgramFileRefused(
                [FileProblem(node.start_mark.line + 1, path, "tags are not used in program files")]
            )
        match node:
            case yaml.MappingNode():
                return self._group(node, path)
            case yaml.SequenceNode():
                return [
                    self.read(item, f"{path}[{number}]", item.start_mark.line + 1)
                    for number, item in enumerate(node.value)
                ]
            case yaml.ScalarNode():
                return _scalar(node)
        raise AssertionError("YAML has no other nodes")

    def _group(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        group: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ProgramFileRefused([FileProblem(line, path, "a key must be a word")])
            key = key_node.value
            place = f"{path}.{key}" if path else key
            if key in group:
                raise ProgramFileRefused([FileProblem(line, place, "is said twice")])
            group[key] = self.read(value_node, place, line)
        return group


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


def _located(problem: Problem, lines: dict[str, int]) -> FileProblem:
    """The line of the place itself, or of the nearest thing around it that is in the file."""
    place = problem.path
    while place and place not in lines:
        place = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$", "", place)
    return FileProblem(lines.get(place, 1), problem.path, problem.reason)


class _Dumper(yaml.SafeDumper):
    """Writes decimals as they are, and short lists of numbers on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _plain_scalar(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    whole = value == value.to_integral_value()
    tag = "tag:yaml.org,2002:int" if whole else "tag:yaml.org,2002:float"
    return dumper.represent_scalar(tag, format(value.quantize(Decimal(1)) if whole else value.normalize(), "f"))


def _text_scalar(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    plain = yaml.ScalarNode("tag:yaml.org,2002:str", value)
    style = None if isinstance(_scalar(plain), str) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(Decimal, _plain_scalar)
_Dumper.add_representer(str, _text_scalar)


def _native(value: Any) -> Any:
    match value:
        case Terms():
            return {each.name: _native(getattr(value, each.name)) for each in fields(value)}
        case tuple():
            return [_native(item) for item in value]
        case time():
            return value.isoformat(timespec="minutes")
        case str():
            return str(value)
    return value


def _benefit(entry: BenefitEntry) -> dict[str, Any]:
    data = _native(entry.head)
    if not data["levels"]:
        del data["levels"]
    tiers: dict[str, dict[str, Any]] = {}
    for (track, tier), value in entry.values.items():
        tiers.setdefault(track, {})[tier] = (
            Decimal(value) if _DECIMAL.fullmatch(value) or _WHOLE.fullmatch(value) else value
        )
    data["tiers"] = tiers
    return data
