"""Count what is installed beside this interpreter; exit 1 where it is more than the core may weigh.

    python tools/weight.py --distributions 48 --megabytes 760

pip and setuptools, which come with any environment, are left out; a megabyte is 2**20 bytes of files, bytecode included.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

INSTALLERS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


def megabytes(site: Path) -> float:
    """Return the size of all files under the site-packages, the installers left out."""
    inside = (p for p in site.rglob("*") if p.relative_to(site).parts[0].split("-")[0] not in INSTALLERS)
    return sum(p.stat().st_size for p in inside if p.is_file() and not p.is_symlink()) / 2**20


def main() -> int:
    """Print the two figures; return 1 where one is too high."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--distributions", type=int, default=48)
    parser.add_argument("--megabytes", type=float, default=760.0)
    limits = parser.parse_args()
    count = len({d.name for d in distributions()} - {"pip", "setuptools", "wheel"})
    size = megabytes(Path(sysconfig.get_paths()["purelib"]))
    print(f"{count} distributions (at most {limits.distributions}), {size:.0f} MB (at most {limits.megabytes:.0f})")
    return 1 if count > limits.distributions or size > limits.megabytes else 0


if __name__ == "__main__":
    sys.exit(main())
