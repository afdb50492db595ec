"""Images of systems that a scanner can judge or not; nothing in them runs."""

from collections.abc import Mapping

from trial.archive import Entry, Image, layer, this_architecture
from trial.packages import DEBIAN, Packages

_DPKG = tuple(Packages(debian={"base-files": ("base-files", "12.4")}).entries())
_NODE = Entry("srv/node_modules/lodash/package.json", b'{"name":"lodash","version":"4.17.23"}')
_NOTHING = Entry("bin/server", b"\x7fELF, all of it")


def _release(name: str, version: str, *more: Entry) -> tuple[Entry, ...]:
    number = f'VERSION_ID="{version}"\n' if version else ""
    text = f'ID={name}\n{number}PRETTY_NAME="{name} {version}"\n'
    return (Entry("etc/os-release", text.encode()), *more)


def _debian(version: str, *more: Entry) -> tuple[Entry, ...]:
    number = version if version[0].isdigit() else ""
    return _release("debian", number, Entry("etc/debian_version", f"{version}\n".encode()), *more)


def _red_hat(name: str, words: str) -> tuple[Entry, ...]:
    said = f"{words}\n".encode()
    title, _, version = words.partition(" release ")
    system = f'ID={name}\nVERSION_ID="{version.split()[0]}"\nNAME="{title}"\n'.encode()
    paths = ("etc/redhat-release", f"etc/{name}-release")
    return (Entry("etc/os-release", system), *(Entry(path, said) for path in paths))


SYSTEMS: Mapping[str, tuple[Entry, ...]] = {
    "debian": (*DEBIAN, *_DPKG),
    "debian with what will not be fixed": (
        *DEBIAN,
        *Packages(
            debian={"zlib1g": ("zlib", "1:1.2.13.dfsg-1"), "libexpat1": ("expat", "2.5.0-1")}
        ).entries(),
    ),
    "distroless": (
        *DEBIAN,
        Entry(
            "var/lib/dpkg/status.d/base-files",
            b"Package: base-files\nVersion: 12.4\nArchitecture: all\nSource: base-files\n",
        ),
    ),
    "debian 8": _debian("8.11", *_DPKG),
    "ubuntu 16.04": _release(
        "ubuntu",
        "16.04",
        Entry("etc/lsb-release", b"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=16.04\n"),
        *_DPKG,
    ),
    "sid": _debian("forky/sid", *_DPKG),
    "kali": _release("kali", "2024.1", Entry("etc/debian_version", b"kali-rolling\n"), *_DPKG),
    "debian without packages": (*DEBIAN, _NODE),
    "debian with an empty list": (*DEBIAN, Entry("var/lib/dpkg/status")),
    "packages without debian": _DPKG,
    "centos stream": _red_hat("centos", "CentOS Stream release 9"),
    "fedora": _red_hat("fedora", "Fedora release 40 (Forty)"),
    "arch": _release("arch", "", Entry("etc/arch-release"), _NODE),
    "gentoo": _release(
        "gentoo", "2.15", Entry("etc/gentoo-release", b"Gentoo Base System release 2.15\n")
    ),
    "scratch": (_NOTHING,),
    "scratch with node": (_NOTHING, _NODE),
}
"""By name, what is in them."""


def system_image(name: str) -> Image:
    """An image of this system."""
    return Image((layer(SYSTEMS[name], f"ADD {name}"),), this_architecture(), ("/bin/server",))
