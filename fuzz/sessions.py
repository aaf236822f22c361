"""Sessions with every option, at both ends, guided by the coverage of all that is above the parser."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["telnet"], exclude=["telnet._parser", "telnet._parser_py"]):
    from session_fuzzing import one_session

atheris.Setup(sys.argv, one_session)
atheris.Fuzz()
