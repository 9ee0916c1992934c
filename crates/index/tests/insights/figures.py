"""Tables of many shapes, from a seed, with what the field's tools say of each: statistics.json."""

import random
from typing import Any

import tables

SEED = 1922
Exits = list[tuple[int, int, int]]


def figures() -> dict[str, Any]:
    draw = random.Random(SEED)
    pairs = [pair(draw) for _ in range(220)] + EDGES
    curves = [curve(draw) for _ in range(24)] + lifes()
    return {
        "wilson": [[k, n, tables.wilson(k, n)] for k, n in shares(draw)],
        "difference": [[*of, tables.difference(*of)] for of in pairs],
        "ratio": [[*of, tables.ratio(*of)] for of in pairs],
        "fisher": [[*of, tables.fisher(*of)] for of in crossed(draw)],
        "discovery": [{"p": p, "q": tables.q_values(p)} for p in vectors(draw)],
        "survival": [{"exits": exits, **tables.survival(exits)} for exits in curves],
    }


def upto(draw: random.Random, most: int) -> int:
    return int(draw.random() * (most + 1))


# k1, n1, k2, n2
EDGES = [
    (0, 5, 0, 7),
    (5, 5, 7, 7),
    (0, 5, 7, 7),
    (5, 5, 0, 7),
    (0, 1, 1, 1),
    (0, 0, 3, 4),
    (3, 4, 0, 0),
    (56, 70, 48, 80),
    (500, 1000, 400, 500),
    (1, 1_000_000, 999_999, 1_000_000),
    (123_456, 1_000_000, 123_457, 1_000_000),
]


def pair(draw: random.Random) -> tuple[int, int, int, int]:
    sizes = [1 + upto(draw, [9, 60, 900, 60_000, 3_000_000][upto(draw, 4)]) for _ in range(2)]
    share = draw.random() ** 3
    counts = [min(size, int(size * share * (0.5 + draw.random()))) for size in sizes]
    return counts[0], sizes[0], counts[1], sizes[1]


def shares(draw: random.Random) -> list[tuple[int, int]]:
    found = [
        (0, 0),
        (0, 1),
        (1, 1),
        (1, 2),
        (50, 200),
        (1, 1_000_000),
        (999_999, 1_000_000),
        (0, 10**9),
        (1, 10**9),
    ]
    found += [(k, n) for n in (3, 10, 31) for k in range(n + 1)]
    found += [(k, n) for n in (29, 137, 1999) for k in (0, n)]
    for _ in range(150):
        size = 1 + upto(draw, 10 ** (1 + upto(draw, 6)))
        found.append((int(size * draw.random() ** 4), size))
    return found


def crossed(draw: random.Random) -> list[tuple[int, int, int, int]]:
    """Tables of two by two: small, lopsided, symmetric with ties, huge, and those without an answer."""
    found = [
        (3, 1, 1, 3), (4, 0, 0, 4), (1, 0, 0, 1), (2, 2, 2, 2), (0, 0, 3, 4), (3, 4, 0, 0), (0, 3, 0, 4), (3, 0, 4, 0),
        (0, 0, 0, 0), (345, 455, 260, 345), (100, 2, 1000, 5), (1000, 2, 5, 1000), (8, 2, 1, 5), (190, 800, 200, 900),
        (100, 2, 1000, 100_000), (5_829_225, 5_692_693, 5_760_959, 5_760_959),
        (5_000_000, 5_001_000, 5_001_000, 5_000_000),
        (1_000_000, 1_001_500, 1_002_000, 1_000_000), (17, 2_999_983, 45, 2_999_955), (0, 4_000_000, 9, 4_000_000),
        (400_000, 600_000, 30_300, 44_700), (510, 0, 0, 510), (100_000, 0, 0, 100_000), (1, 100_000, 100_000, 1),
        (1, 999_999, 0, 1), (2, 3, 600_000, 400_000), (49_000, 51_000, 51_000, 49_000), (5000, 5000, 5000, 5000),
        (169, 136, 49, 27), (180, 125, 38, 38),
    ]  # fmt: skip
    for number in range(300):
        most = [4, 12, 60, 400, 1000, 30_000, 400_000][number % 7]
        a, b, c, d = (upto(draw, most) for _ in range(4))
        if number % 3 == 1:
            c, d = b, a
        elif number % 3 == 2:
            c, d = upto(draw, 3 * a), upto(draw, 3 * b)
        found.append((a, b, c, d))
    return found


def vectors(draw: random.Random) -> list[list[float | None]]:
    found: list[list[float | None]] = [
        [],
        [None],
        [0.03],
        [1.0, 1.0],
        [0.0, 0.0, 1.0],
        [0.04, None, 0.04, 0.01, None, 0.04],
    ]
    for number in range(30):
        digits = [1, 2, 3, 16][number % 4]
        power = 1 + number % 5
        values: list[float | None] = [
            round(draw.random() ** power, digits) for _ in range(1 + upto(draw, 60))
        ]
        values += [None] * upto(draw, 3)
        draw.shuffle(values)
        found.append(values)
    return found


def curve(draw: random.Random) -> Exits:
    """Exits on whole days: many ties, heavy censoring at times, often open at the end."""
    last, size = 3 + upto(draw, 60), 1 + upto(draw, [8, 40, 400, 5000][upto(draw, 3)])
    gone, share = [[0, 0] for _ in range(last + 1)], draw.random()
    for _ in range(size):
        time = min(last, int(last * draw.random() ** (0.4 + 2 * draw.random())))
        gone[time][0 if draw.random() < share else 1] += 1
    return [(time, events, censored) for time, (events, censored) in enumerate(gone) if events or censored]


def lifes() -> list[Exits]:
    """Shapes with a name: all at once, nobody, everybody, exact halves, one after censoring, bands that rise again."""
    halves = [[(time, 1, 0) for time in range(1, size + 1)] for size in (2, 4, 6, 10, 14, 24, 30, 46)]
    return [
        [(0, 5, 0)],
        [(0, 0, 5)],
        [(0, 2, 3), (7, 1, 0)],
        [(9, 0, 400)],
        [(1, 10, 0), (2, 20, 0)],
        [(3, 1, 0), (9, 0, 2_999_999)],
        [(1, 1, 0), (2, 0, 0), (3, 4, 5)],
        [(1, 2, 1), (2, 2, 0), (3, 1, 0), (4, 0, 4)],
        [(1, 5, 0), (3, 20, 1), (4, 20, 0), (5, 5, 30), (6, 1, 1)],
        [(2, 20, 0), (3, 0, 17), (4, 1, 0), (5, 1, 0), (6, 1, 0)],
        [(6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1), (19, 0, 1),
         (20, 0, 1), (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1)],
        *halves,
    ]  # fmt: skip


def disagreements(found: dict[str, Any]) -> list[str]:
    """Where a tool says something else than what is written, and by how much."""
    worst = 0.0
    for *of, p in found["fisher"]:
        if p and sum(of) < 100_000:
            worst = max(worst, abs(tables.p_of_scipy(*of) / p - 1))
    notes = [f"scipy's fisher_exact is off by {worst:.1e} at most (relative), in tables below 100,000"]
    small = [of for *of, p in found["fisher"] if p and sum(of) <= 4000]
    walk = max(abs(tables.walked(*of) / tables.counted(*of) - 1) for of in small)
    notes.append(f"the two exact ways of Fisher differ by {walk:.1e} at most")
    return notes + [note for case in found["survival"] for note in of_survival(case)]


def of_survival(case: dict[str, Any]) -> list[str]:
    notes = []
    for exact, theirs in zip(case["rows"], tables.fitted(case["exits"])[0], strict=True):
        off = [abs(one / other - 1) for one, other in zip(exact[4:9], theirs[4:9]) if other]
        if max(off, default=0) > 1e-12:
            notes.append(f"lifelines is off by {max(off):.1e} (relative) at {exact}")
    if sum(events + censored for _, events, censored in case["exits"]) < 100_000:
        theirs = [
            None if value == float("inf") else value for value in tables.medians_of_lifelines(case["exits"])
        ]
        if theirs != case["median"]:
            notes.append(f"lifelines' median is {theirs}, written is {case['median']}, of {case['exits']}")
    return notes
