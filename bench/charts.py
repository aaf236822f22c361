from pathlib import Path

from results import Results


def draw(results: Results, into: Path) -> None:
    pass
