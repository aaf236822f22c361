"""How the documentation is built; `make docs` does it."""

from __future__ import annotations

import os

# The twin of the compiled parser is the one that carries the descriptions, and what they say holds for both.
os.environ["TELNET_PURE_PYTHON"] = "1"

from telnet.version import __version__

project = "telnet"
author = "the telnet authors"
project_copyright = "2026, the telnet authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}

# Every example is run as it stands on the page: it imports what it uses.
doctest_global_setup = ""
trim_doctest_flags = True

html_theme = "furo"
html_title = f"telnet {release}"
html_show_sphinx = False
