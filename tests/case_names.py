"""Names of a test's cases."""

from __future__ import annotations

import re


def shown(value: object) -> str:
    """Return what repr says but for the address, which would be another in each process that shares a run."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value), flags=re.IGNORECASE)
