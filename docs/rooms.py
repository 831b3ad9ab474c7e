"""Draw the rooms of the code and who may look into whom: `python docs/rooms.py`.

Rooms are the packages of `hitl_sim` and `oracles`, with the first sentence that each
says of itself. An arrow is an import; one that follows from others is left out. A room
stands above all that it imports.
"""

import textwrap
from html import escape
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import grimp

FILE = Path(__file__).with_name("rooms.svg")
WIDTH, BOX, HEIGHT, GAP_X, GAP_Y = 1060, 196, 92, 16, 56


def room_of(module):
    """Name the room that a module stands in; None for a file beside the rooms."""
    parts = module.split(".")
    if parts[0] == "oracles":
        return "oracles"
    name = ".".join(parts[:2])
    path = Path(import_module("hitl_sim").__file__).parent / parts[-1]
    is_package = len(parts) > 2 or (len(parts) == 2 and path.is_dir())
    return name if is_package else None


def imports():
    """Gather which rooms each room imports, by name."""
    graph = grimp.build_graph("hitl_sim", "oracles")
    found = {}
    for module in sorted(graph.modules):
        room = room_of(module)
        if room is None:
            continue
        used = found.setdefault(room, set())
        for imported in graph.find_modules_directly_imported_by(module):
            used.add(room_of(imported))
    return MappingProxyType(
        {room: sorted(used - {None, room}) for room, used in sorted(found.items())}
    )


def floors(used):
    """Put each room one floor above the highest that it imports; 0 is the ground.

    Raises:
        ValueError: rooms import each other in a circle.
    """
    floor = {}
    while len(floor) < len(used):
        ready = [
            room
            for room, below in used.items()
            if room not in floor and all(b in floor for b in below)
        ]
        if not ready:
            left = ", ".join(room for room in used if room not in floor)
            raise ValueError(f"Rooms must not import each other in a circle: {left}.")
        for room in ready:
            floor[room] = 1 + max((floor[b] for b in used[room]), default=-1)
    return floor


def reduced(used):
    """Leave out each import that follows from the others."""

    def reach(room):
        return {room}.union(*(reach(below) for below in used[room]))

    return {
        room: [
            b
            for b in below
            if not any(b in reach(other) for other in below if other != b)
        ]
        for room, below in used.items()
    }


def sentence(room):
    """Return the first sentence that a room says of itself."""
    text = (import_module(room).__doc__ or "").partition("\n")[0].strip()
    return text.rstrip(".")


def middle(room, kept, place):
    """Return the mean position of the rooms above that import a room."""
    above = [place[a][0] for a, below in kept.items() if room in below and a in place]
    return sum(above) / len(above) if above else WIDTH / 2


def draw():
    """Return the picture as SVG."""
    used = imports()
    floor, kept = floors(used), reduced(used)
    top = max(floor.values())
    place, out = {}, []
    for level in range(top, -1, -1):
        # each stands as near as can be below what imports it
        here = sorted(
            (room for room in used if floor[room] == level),
            key=lambda room: (middle(room, kept, place), room),
        )
        left = (WIDTH - len(here) * (BOX + GAP_X) + GAP_X) / 2
        for i, room in enumerate(here):
            place[room] = (
                left + i * (BOX + GAP_X),
                20 + (top - level) * (HEIGHT + GAP_Y),
            )
    for room, below in kept.items():
        for b in below:
            (x0, y0), (x1, y1) = place[room], place[b]
            begin, end = (x0 + BOX / 2, y0 + HEIGHT), (x1 + BOX / 2, y1 - 3)
            bend = (end[1] - begin[1]) / 2
            out.append(
                f'<path d="M{begin[0]:g} {begin[1]:g} C{begin[0]:g} '
                f"{begin[1] + bend:g} {end[0]:g} {end[1] - bend:g} {end[0]:g} "
                f'{end[1]:g}" class="arrow" marker-end="url(#head)"/>'
            )
    for room, (x, y) in place.items():
        out.append(
            f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="6"/>'
            f'<text x="{x + 10:g}" y="{y + 21:g}" class="name">{escape(room)}</text>'
        )
        for i, line in enumerate(textwrap.wrap(sentence(room), 32)[:4]):
            out.append(
                f'<text x="{x + 10:g}" y="{y + 39 + 14 * i:g}">{escape(line)}</text>'
            )
    height = 40 + (top + 1) * (HEIGHT + GAP_Y) - GAP_Y
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">\n'
        "<title>The rooms of hitl_sim; an arrow leads from a room to one that it "
        "imports</title>\n"
        "<style>rect{fill:#f4f6f8;stroke:#35506b}text{fill:#222}"
        ".name{font-weight:bold;font-size:13px}"
        ".arrow{fill:none;stroke:#7a8ca0;stroke-width:1.2}</style>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8z" fill="#7a8ca0"/>'
        "</marker></defs>\n"
        f'<rect width="{WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>\n'
    )
    return head + "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    FILE.write_text(draw())
