"""Passwords, as they are kept: nobody who reads the database can tell what they are."""

from __future__ import annotations

import hmac
import os
import re
from hashlib import scrypt

SHORTEST = 8

# 16 MiB and some 50 ms for each guess. It takes as long here: call these functions in a thread.
COST = 1 << 14

MOST_MEMORY = 1 << 25  # bytes: a row that was tampered with must not cost much more than one of ours

# How it was hashed (n, r and p of scrypt), the salt, and the hash.
KEPT = re.compile(r"scrypt\$[0-9]{1,7}\$[0-9]{1,2}\$[0-9]\$[0-9a-f]{32}\$[0-9a-f]{128}")


def hash_password(password: str, cost: int = COST) -> str:
    """Return a password as it is kept."""
    salt = os.urandom(16)
    return "$".join(("scrypt", str(cost), "8", "1", salt.hex(), _scrypt(password, salt, cost, 8, 1).hex()))


def is_password(password: str, kept: str) -> bool:
    """Return whether this is the password.

    :raises ValueError: if what is kept is not of :func:`hash_password`.
    """
    _, n, r, p, salt, digest = check_kept(kept).split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(digest))


def check_kept(kept: str) -> str:
    """Return a password as it is kept; a ``ValueError`` or ``TypeError`` says that it is something else."""
    if not KEPT.fullmatch(kept):
        raise ValueError("what is kept is not a hash of a password")
    n, r, p = map(int, kept.split("$")[1:4])
    if n < 2 or n & (n - 1) or not (r and p) or 128 * n * r > MOST_MEMORY:
        raise ValueError("a password is kept with parameters that scrypt cannot have")
    return kept


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p)
