"""The plugin host: finds distributions, loads each in isolation, keeps what they register."""

from tickloom.host.host import Host, get_host

__all__ = ["Host", "get_host"]
