"""The one thing that cannot be declared in pyproject.toml: the extension, which is optional.

Read from the environment:

TELNET_BUILD_EXTENSION
    ``auto`` (default) builds ``telnet._parser`` and carries on without it when there is no working C compiler;
    ``require`` fails then; ``no`` does not try. The package is complete either way, see ``telnet.IMPLEMENTATION``.
TELNET_ABI3
    ``1`` builds against the limited API of CPython 3.12: one wheel for that and every later version.
TELNET_CFLAGS
    further arguments to the compiler, such as ``-Werror`` or ``-fsanitize=address``.
"""

from __future__ import annotations

import os
import sys
import sysconfig

from setuptools import Extension, setup

MODE = os.environ.get("TELNET_BUILD_EXTENSION", "auto")
if MODE not in ("auto", "require", "no"):
    sys.exit(f"TELNET_BUILD_EXTENSION must be auto, require or no, not {MODE!r}")

# Free-threaded builds have no limited API (before PEP 803).
ABI3 = os.environ.get("TELNET_ABI3") == "1" and not sysconfig.get_config_var("Py_GIL_DISABLED")
if ABI3 and sys.version_info < (3, 12):
    sys.exit("TELNET_ABI3=1 needs CPython 3.12 or later to build with")

# -O3, for many a Python asks for less: the loops over escapes lose a quarter. Debug information would be four fifths of
# the extension.
CFLAGS = [] if sys.platform == "win32" else ["-O3", "-g0", "-Wall", "-Wextra"]

ext_modules = []
options = {}
if MODE != "no" and sys.implementation.name == "cpython":
    # No cythonize() here: with it the source distribution would hold the generated .c instead of the .pyx.
    extension = Extension(
        "telnet._parser",
        ["src/telnet/_parser.pyx"],
        define_macros=[("Py_LIMITED_API", "0x030C0000")] if ABI3 else [],
        py_limited_api=ABI3,
        extra_compile_args=CFLAGS + os.environ.get("TELNET_CFLAGS", "").split(),
        optional=MODE == "auto",
    )
    ext_modules.append(extension)
    if ABI3:
        options["bdist_wheel"] = {"py_limited_api": "cp312"}

setup(ext_modules=ext_modules, options=options)
