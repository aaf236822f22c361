"""LFLOW: whether XOFF and XON stop and start the output of the client's terminal (RFC 1372)."""

from __future__ import annotations

from typing import Final

from telnet import constants
from telnet.negotiation import Side
from telnet.options.option import Option, Role

__all__ = ["LFLOW"]

_OFF: Final = b"\x00"
_ON: Final = b"\x01"
_RESTART_ANY: Final = b"\x02"
_RESTART_XON: Final = b"\x03"


class LFLOW(Option):
    """The server tells the client what ^S and ^Q are: keys that stop and start the output, or keys like others.

    Server: :meth:`control` and :meth:`restart`, once the client has agreed.  Flow control is on then.

    Client: calls ``on_flow_control(enabled)``, at first when it is agreed on, and ``on_flow_restart(any_key)``: whether
    any key starts the output again, or XON alone.

    Source: RFC 1372.
    """

    code = constants.LFLOW
    performer = Role.CLIENT
    settling = False  # no first screen depends on it

    def control(self, enabled: bool) -> bool:
        """Server: turn flow control on, or off to have ^S and ^Q as keys; return whether that was sent."""
        return self._command(_ON if enabled else _OFF)

    def restart(self, any_key: bool) -> bool:
        """Server: say whether any key starts the output again, or XON alone; return whether that was sent."""
        return self._command(_RESTART_ANY if any_key else _RESTART_XON)

    def _command(self, command: bytes) -> bool:
        if self.remote:
            self.send(command)
        return self.remote

    def on_enabled(self, side: Side) -> None:
        if side is Side.LOCAL:
            self.emit("on_flow_control", True)  # which is how it begins, by RFC 1372 section 5

    def on_subnegotiation(self, data: bytes) -> None:
        command = data[:1]
        if not self.may_come(Side.LOCAL) or command not in (_OFF, _ON, _RESTART_ANY, _RESTART_XON):
            return self.report("a command is one byte from 0 to 3, from the server", data)
        self.report_excess(data, len(command))
        if command in (_OFF, _ON):
            self.emit("on_flow_control", command == _ON)
        else:
            self.emit("on_flow_restart", command == _RESTART_ANY)
