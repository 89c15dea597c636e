"""Who may be connected: so many in all and from an address, and some for a short look."""

from __future__ import annotations

from typing import Protocol

from keepfit.serve.http.limits import Limits


class Guest(Protocol):
    peer: str
    rests_since: float  # 0.0 while it has a request under way, or has not asked yet

    # it goes, because another one needs its place
    def make_room(self) -> None: ...


class Places:
    """The connections that have a place, and those in spare places.

    A connection beyond the caps takes a spare place until it is known what it asks: a look at the
    server's health is answered, anything else is told to come again. So nobody who holds
    connections can hide from others whether the server is well.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seated: dict[Guest, None] = {}
        self._of_peer: dict[str, dict[Guest, None]] = {}
        self._spare: dict[Guest, None] = {}
        self.resting: dict[Guest, None] = {}  # without a request; who rests longest is first

    def sit(self, guest: Guest) -> bool:
        """Whether there was a place for it, if need be that of the one that rested longest."""
        if not self._room_for(guest.peer):
            return False
        self._spare.pop(guest, None)
        self._seated[guest] = None
        self._of_peer.setdefault(guest.peer, {})[guest] = None
        return True

    def sit_spare(self, guest: Guest) -> None:
        """Gives it a spare place, if need be that of the one that has not asked for longest."""
        if len(self._spare) >= self._limits.max_spare:
            self._send_off(next(iter(self._spare)))
        self._spare[guest] = None

    def leave(self, guest: Guest) -> None:
        self._seated.pop(guest, None)
        self._spare.pop(guest, None)
        self.resting.pop(guest, None)
        of_peer = self._of_peer.get(guest.peer)
        if of_peer is not None:
            of_peer.pop(guest, None)
            if not of_peer:
                del self._of_peer[guest.peer]

    def _room_for(self, peer: str) -> bool:
        of_peer = self._of_peer.get(peer, {})
        if len(of_peer) >= self._limits.max_per_address:
            resting = [guest for guest in of_peer if guest.rests_since]
            if not resting:
                return False
            self._send_off(min(resting, key=lambda guest: guest.rests_since))
        if len(self._seated) >= self._limits.max_connections:
            if not self.resting:
                return False
            self._send_off(next(iter(self.resting)))
        return True

    def _send_off(self, guest: Guest) -> None:
        self.leave(guest)
        guest.make_room()
