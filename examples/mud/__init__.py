"""A small MUD, to play on and to begin from: ``python -m telnet demo``, then ``telnet localhost 4000``.

Read :mod:`.player` first: a connection, what it speaks and what it does with a line. The others are one noun each:

* :mod:`.world`, rooms from ``world.json``; :mod:`.characters`, in a :mod:`.database`; :mod:`.accounts`, the thread for
  that; :mod:`.keeper`, what a player is told of it;
* :mod:`.game`, who is here; :mod:`.login`, the questions before that; :mod:`.door`, who may try a password, and when;
* :mod:`.commands`, what players type; :mod:`.speech`, what of it others get to see; :mod:`.allowance`, how much of it;
* :mod:`.views`, what they see, on a :mod:`.screen` that knows what their client can show, or on its :mod:`.panels`;
* :mod:`.settings`, what they decide themselves; :mod:`.log`, what its owner reads; :mod:`.main`, the
  server, on selectors or on asyncio.
"""
