"""The private network of a test Docker engine, apart from that of any other engine here."""

import ipaddress
import random
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.daemon import find_program
from tests.engines.run_directory import EngineError


@dataclass(frozen=True, slots=True)
class Bridge:
    """A Linux bridge, and the address range that it and the engine's other networks use."""

    name: str
    network: ipaddress.IPv4Network

    @classmethod
    def create(cls, name: str) -> "Bridge":
        """Create the bridge in a range that no route of this machine covers (needs root)."""
        network = _unused_network()
        bridge = cls(name, network)
        ip = find_program("ip")
        _run(ip, "link", "add", "name", name, "type", "bridge")
        _run(ip, "address", "add", f"{network.network_address + 1}/24", "dev", name)
        _run(ip, "link", "set", name, "up")
        _run(find_program("iptables"), "--wait", "--insert", *bridge._same_range_rule())
        return bridge

    @property
    def pool(self) -> str:
        """The upper half of the range, as --default-address-pool takes it."""
        upper = list(self.network.subnets(prefixlen_diff=1))[1]
        return f"base={upper},size=24"

    def remove(self) -> None:
        """Delete the bridge and its packet filter rule; harmless when they are gone."""
        ip, iptables = find_program("ip"), find_program("iptables")
        _attempt(iptables, "--wait", "--delete", *self._same_range_rule())
        _attempt(ip, "link", "delete", self.name)

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
    raise EngineError("every range from 10.64.0.0/16 to 10.191.0.0/16 has a route already")


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


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise EngineError(f"{' '.join(command)}: {done.stderr.strip()} (root is needed)")


def _attempt(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)
