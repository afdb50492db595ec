"""The private network of a Docker engine of our own, apart from that of any other engine here."""

import ipaddress
import random
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from quaymaster.errors import OutsideFailure
from trial.installed import find_program


@dataclass(frozen=True, slots=True)
class Bridge:
    """A Linux bridge, and the address range that it and the engine's other networks use."""

    name: str
    network: ipaddress.IPv4Network

    @classmethod
    def create(cls, name: str) -> "Bridge":
        """Create the bridge in a range that no route of this machine covers.

        Raises OutsideFailure where that is not allowed: root without the rights on the network.
        """
        network = _unused_network()
        bridge = cls(name, network)
        try:
            _run("ip", "link", "add", "name", name, "type", "bridge")
            _run("ip", "address", "add", f"{network.network_address + 1}/24", "dev", name)
            _run("ip", "link", "set", name, "up")
            _run("iptables", "--wait", "--insert", *bridge._same_range_rule())
        except OutsideFailure:
            bridge.remove()
            raise
        return bridge

    @classmethod
    def existing(cls, name: str) -> "Bridge | None":
        """The bridge of that name, if there is one: a run that was killed did not remove it."""
        command = [find_program("ip"), "-4", "-o", "address", "show", "dev", name]
        output = subprocess.run(command, check=False, capture_output=True, text=True).stdout
        match = re.search(r"inet (10\.[0-9]+)\.0\.1/24", output)
        return cls(name, ipaddress.IPv4Network(f"{match[1]}.0.0/16")) if match else None

    @property
    def pool(self) -> str:
        """The upper half of the range, as --default-address-pool takes it."""
        upper = list(self.network.subnets(prefixlen_diff=1))[1]
        return f"base={upper},size=24"

    def remove(self) -> None:
        """Delete the bridge and its packet filter rule; harmless when they are gone."""
        _attempt("iptables", "--wait", "--delete", *self._same_range_rule())
        _attempt("ip", "link", "delete", self.name)

    def _same_range_rule(self) -> list[str]:
        # Another engine may have set the policy of FORWARD to DROP, and the kernel may show
        # bridged packets to it (net.bridge.bridge-nf-call-iptables).
        network = str(self.network)
        return ["FORWARD", "--source", network, "--destination", network, "--jump", "ACCEPT"]


def _unused_network() -> ipaddress.IPv4Network:
    taken = _routed_networks()
    candidates = [ipaddress.IPv4Network(f"10.{second}.0.0/16") for second in range(64, 192)]
    for network in random.sample(candidates, len(candidates)):
        if not any(network.overlaps(other) for other in taken):
            return network
    raise OutsideFailure(
        "There is no address range for another Docker engine on this machine.",
        why="Every range from 10.64.0.0/16 to 10.191.0.0/16 has a route already.",
    )


def _routed_networks() -> list[ipaddress.IPv4Network]:
    """The destinations of /proc/net/route (man 5 proc: little-endian hex), without default."""
    networks = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, destination, *_, mask, _, _, _ = line.split()
        if int(mask, 16):
            address, netmask = (
                ipaddress.IPv4Address(struct.pack("<I", int(value, 16)))
                for value in (destination, mask)
            )
            networks.append(ipaddress.IPv4Network(f"{address}/{netmask}"))
    return networks


def _run(program: str, *arguments: str) -> None:
    command = [find_program(program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OutsideFailure(
            "The network of a Docker engine cannot be set up here.",
            why=f"`{' '.join(command)}` says: {done.stderr.strip()}.",
            next_step="It takes root with the rights on the network; a container has them with "
            "--privileged.",
        )


def _attempt(program: str, *arguments: str) -> None:
    subprocess.run([find_program(program), *arguments], check=False, capture_output=True)
