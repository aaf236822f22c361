"""Passwords, as they are kept: nobody who reads the database can tell what they are."""

from __future__ import annotations

import hmac
import os
from hashlib import scrypt

SHORTEST = 8

# 16 MiB and some 50 ms for each guess. It takes as long here: call these functions in a thread.
COST = 1 << 14


def hash_password(password: str, cost: int = COST) -> str:
    """Return a password as it is kept: how it was hashed (n, r and p of scrypt), the salt, and the hash."""
    salt = os.urandom(16)
    return "$".join(("scrypt", str(cost), "8", "1", salt.hex(), _scrypt(password, salt, cost, 8, 1).hex()))


def is_password(password: str, kept: str) -> bool:
    """Return whether this is the password."""
    _, n, r, p, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return scrypt(password.encode(), salt=salt, n=n, r=r, p=p)
