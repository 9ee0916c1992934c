"""Makes the people and the numbers of this folder anew, and fails where a file that stands says something else.

Such a file is written over, so that the difference can be looked at; numbers with a point may differ in the 13th digit.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import conversion
import figures
import lift
import long
import movements
import people
import retention

HERE = Path(__file__).parent


def main() -> int:
    everybody = people.everybody()
    world = long.World(everybody)
    statistics = figures.figures()
    made = {
        "world.json": people.world(),
        "people.ndjson": everybody,
        "statistics.json": statistics,
        "retention.json": retention.retention(world),
        "conversion.json": conversion.conversion(world),
        "movements.json": movements.movements(world),
        "lift.json": lift.lift(world),
    }
    print("Where a tool says something else than what is written:")
    for note in figures.disagreements(statistics):
        print(f"- {note}")
    changed = [name for name, value in made.items() if is_changed(name, value)]
    for name in changed:
        print(f"{name} was different, and is written anew", file=sys.stderr)
    return 1 if changed else 0


def is_changed(name: str, made: Any) -> bool:
    path = HERE / name
    lines = name.endswith(".ndjson")
    made = json.loads(json.dumps(made))
    if path.exists() and same(read(path.read_text("utf-8"), lines), made):
        return False
    text = "".join(f"{compact(row)}\n" for row in made) if lines else written(made) + "\n"
    path.write_text(text, "utf-8")
    return True


def read(text: str, lines: bool) -> Any:
    return [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)


def same(stands: Any, made: Any) -> bool:
    """The same, but for the last digits of what a processor computes."""
    if type(stands) is not type(made):
        return False
    if isinstance(made, float):
        return math.isclose(stands, made, rel_tol=1e-13, abs_tol=1e-17)
    if isinstance(made, list):
        return len(stands) == len(made) and all(map(same, stands, made))
    if isinstance(made, dict):
        return list(stands) == list(made) and all(map(same, stands.values(), made.values()))
    return bool(stands == made)


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def written(value: Any) -> str:
    """A row a line: what is short stays in one."""
    line = compact(value)
    if len(line) <= 160 or not isinstance(value, dict | list) or all(isinstance(part, int) for part in value):
        return line
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{compact(key)}:{written(part)}" for key, part in value.items()) + "\n}"
    return "[\n" + ",\n".join(map(written, value)) + "\n]"


if __name__ == "__main__":
    sys.exit(main())
