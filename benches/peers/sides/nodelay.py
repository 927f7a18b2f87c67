# What pyinfra would be with one line more: its connections do not wait before they send.
import socket

import paramiko

_init = paramiko.Transport.__init__


def _without_delay(self, sock, *args, **kwargs):
    _init(self, sock, *args, **kwargs)
    self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


paramiko.Transport.__init__ = _without_delay
