"""Both parsers against each other and the model, guided by the coverage of both.

The extension must be built with clang's ``-fsanitize=fuzzer-no-link``; the twin is instrumented as it is imported.
"""

from __future__ import annotations

import sys
from functools import partial

import atheris
from fuzzing import one_input

with atheris.instrument_imports(include=["telnet._parser_py"]):
    from telnet import _parser_py

from telnet import _parser

atheris.Setup(sys.argv, partial(one_input, modules=[_parser, _parser_py]))
atheris.Fuzz()
