"""``python -m mud``, for a copy of this directory: the MUD with all that can be chosen left as it is."""

from .main import serve

serve()
