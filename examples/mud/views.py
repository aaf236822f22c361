"""What players see. Each view is made for one screen; for a screen reader, it is said in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from .screen import EXIT, NAME, Piece, Screen
from .world import DIRECTIONS, Room, World

Pieces = Iterator[str | Piece]


def view_room(screen: Screen, world: World, room: Room, others: Sequence[str]) -> str:
    """A room, the ways out of it, and who else is there."""
    ways = spoken_exits(world, room) if screen.reader else exits(room)
    paragraphs = [screen.heading(room.name), screen.paragraph(room.text), screen.paragraph(*ways)]
    if others:
        names = [Piece(name, NAME) for name in others]
        paragraphs.append(screen.paragraph(*listed(names), " is here." if len(names) == 1 else " are here."))
    return "\n".join(paragraphs)


def exits(room: Room) -> Pieces:
    yield "Exits:"
    for direction in room.exits:
        yield " "
        yield Piece(direction, EXIT, command=direction)


def spoken_exits(world: World, room: Room) -> Pieces:
    yield "You can go "
    yield from listed([Piece(f"{direction} to {world.room(number).name}") for direction, number in room.exits.items()])
    yield "."


def listed(pieces: Sequence[Piece]) -> Pieces:
    """Yield them with what stands between the parts of a list."""
    for place, piece in enumerate(pieces):
        if place:
            yield " and " if place == len(pieces) - 1 else ", "
        yield piece


def view_map(screen: Screen, world: World, here: Room, seen: Collection[int]) -> str:
    """The rooms that somebody has seen: drawn, those at the height of this one; or said, all of them."""
    rooms = [room for room in world if room.number in seen]
    if screen.reader:
        return "\n".join(screen.paragraph(f"{room.name}: ", *spoken_exits(world, room)) for room in rooms)
    canvas = draw([room for room in rooms if room.place[2] == here.place[2]], here, unicode=bool(screen.unicode))
    columns, rows = ([place[axis] for place in canvas] for axis in (0, 1))
    lines = (
        "".join(canvas.get((x, y), "   ") for x in range(min(columns), max(columns) + 1))
        for y in range(max(rows), min(rows) - 1, -1)
    )
    return "\n".join(screen.paragraph(line.rstrip()) for line in lines)


def draw(rooms: Iterable[Room], here: Room, *, unicode: bool) -> dict[tuple[int, int], str]:
    """Return three characters for each room, and for each way between two of them."""
    across, along = ("───", " │ ") if unicode else ("---", " | ")
    canvas = {}
    for room in rooms:
        x, y, _ = room.place
        mark = "@" if room is here else "^" if "up" in room.exits else "v" if "down" in room.exits else " "
        canvas[2 * x, 2 * y] = f"[{mark}]"
        for dx, dy, dz in (DIRECTIONS[direction] for direction in room.exits):
            if not dz:
                canvas[2 * x + dx, 2 * y + dy] = across if dx else along
    return canvas


def view_table(screen: Screen, rows: Iterable[tuple[str, str]]) -> str:
    """Two columns, where there is room for them."""
    rows = tuple(rows)
    left, right = (max(len(row[column]) for row in rows) for column in (0, 1))
    if screen.reader or left + 2 + right > screen.width:
        return "\n".join(screen.paragraph(Piece(first, NAME), f": {second}") for first, second in rows)
    return "\n".join(screen.paragraph(Piece(first.ljust(left + 2), NAME), second) for first, second in rows)
