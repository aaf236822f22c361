"""Client of GMCP: what a game has the client play, and install.

Each function is for a server, sends one message, and returns whether that was done: as
:meth:`~telnet.options.gmcp.GMCP.send_message`, not for a client that does not take it.  Arguments that are left out are
not sent, and the client decides.

Sources: the pages on Client and Client.Media of mudstandards.org, Mudlet's page on MCMP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from telnet.options.gmcp import GMCP

__all__ = ["load_media", "offer_gui", "offer_map", "play_media", "set_media_url", "stop_media"]


def set_media_url(gmcp: GMCP, url: str) -> bool:
    """Say from where files come that are played without a URL of their own.

    :raises ValueError: if it does not end in ``/``.
    """
    return _send(gmcp, "Client.Media.Default", url=_directory(url))


def load_media(gmcp: GMCP, name: str, url: str | None = None) -> bool:
    """Have the client fetch a file before it is played.

    :param name: the file, perhaps with directories: ``weather/rain.mp3``.
    :param url: where it is, with ``/`` at its end, unless :func:`set_media_url` has said so.
    """
    return _send(gmcp, "Client.Media.Load", name=_file(name), url=_directory(url))


def play_media(
    gmcp: GMCP,
    name: str,
    url: str | None = None,
    *,
    type: Literal["sound", "music", "video"] | None = None,
    tag: str | None = None,
    volume: int | None = None,
    fadein: int | None = None,
    fadeout: int | None = None,
    start: int | None = None,
    finish: int | None = None,
    loops: int | None = None,
    priority: int | None = None,
    continue_: bool | None = None,
    key: str | None = None,
    caption: str | None = None,
) -> bool:
    """Have the client play a file.

    :param name, url: as for :func:`load_media`.
    :param type: ``"sound"``, which clients assume, ``"music"`` or ``"video"``.
    :param tag: a word of the game's own, such as ``"combat"``, to stop all that have it.
    :param volume: 1 to 100; clients assume 50.
    :param fadein, fadeout: milliseconds to rise at the beginning, and to fall at the end.
    :param start, finish: milliseconds in the file from which, and up to which, it is played.
    :param loops: how often, or -1 for on and on; clients assume 1.
    :param priority: 1 to 100; what plays with a lower one stops.
    :param continue_: for music that plays already, whether to let it go on instead of beginning anew.
    :param key: what plays with the same key is replaced.
    :param caption: what is heard, for those who cannot.
    :raises ValueError, TypeError: for anything else.
    """
    _check_type(type)
    _check_number("volume", volume, 1, 100)
    _check_number("fadein", fadein, 0)
    _check_number("fadeout", fadeout, 0)
    _check_number("start", start, 0)
    _check_number("finish", finish, (start or 0) + 1)
    if loops != -1:
        _check_number("loops, unless it is -1,", loops, 1)
    _check_number("priority", priority, 1, 100)
    return _send(
        gmcp,
        "Client.Media.Play",
        name=_file(name),
        url=_directory(url),
        type=type,
        tag=tag,
        volume=volume,
        fadein=fadein,
        fadeout=fadeout,
        start=start,
        finish=finish,
        loops=loops,
        priority=priority,
        **{"continue": continue_},
        key=key,
        caption=caption,
    )


def stop_media(
    gmcp: GMCP,
    *,
    name: str | None = None,
    type: Literal["sound", "music", "video"] | None = None,
    tag: str | None = None,
    priority: int | None = None,
    key: str | None = None,
    fadeaway: bool | None = None,
    fadeout: int | None = None,
) -> bool:
    """Have the client stop all that it plays, or what agrees with each of these arguments.

    :param name, type, tag, key: as for :func:`play_media`.
    :param priority: this one and lower ones, 1 to 100.
    :param fadeaway: whether to fade out instead of stopping at once.
    :param fadeout: milliseconds for that.
    :raises ValueError, TypeError: for anything else.
    """
    _check_type(type)
    _check_number("priority", priority, 1, 100)
    _check_number("fadeout", fadeout, 0)
    return _send(
        gmcp,
        "Client.Media.Stop",
        name=name,
        type=type,
        tag=tag,
        priority=priority,
        key=key,
        fadeaway=fadeaway,
        fadeout=fadeout,
    )


def offer_gui(gmcp: GMCP, url: str, version: str) -> bool:
    """Have Mudlet install a package, or another version of it: a user interface (Client.GUI)."""
    return _send(gmcp, "Client.GUI", version=version, url=url)


def offer_map(gmcp: GMCP, url: str) -> bool:
    """Say where the map of the game is, for the client's mapper (Client.Map)."""
    return _send(gmcp, "Client.Map", url=url)


def _send(gmcp: GMCP, package: str, **members: Any) -> bool:
    return gmcp.send_message(package, {name: value for name, value in members.items() if value is not None})


def _file(name: str) -> str:
    if not name:
        raise ValueError("the name of a file is empty")
    return name


def _directory(url: str | None) -> str | None:
    if url is not None and not url.endswith("/"):
        raise ValueError(f"the URL of media ends in '/', with the name of the file apart; not {url!r}")
    return url


def _check_type(type: str | None) -> None:
    if type not in (None, "sound", "music", "video"):
        raise ValueError(f"media are of type 'sound', 'music' or 'video', not {type!r}")


def _check_number(name: str, value: int | None, least: int, most: int | None = None) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if value < least or (most is not None and value > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} is {bounds}, not {value}")
