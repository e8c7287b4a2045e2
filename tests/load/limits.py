"""What a container says of its own limits, for every device profile: a table, asked for and read back from inside.

    python -m tests.load.limits

Exit status 1 where one does not hold. Nothing is measured: each container is started, asked, and removed.
"""

import sys

from grading.bench.emulation import limits_for
from grading.bench.sandbox import container_spec
from hardware.ondevice.sandbox.request import MIB, SandboxRequest
from hardware.profiles import load_profiles
from tests import bench_images, parts
from tests.load.figures import figure, not_shown, say, table


def main() -> int:
    version, why = parts.find("docker")
    if not version:
        return not_shown(why)
    containers, failed = bench_images.containers(), 0
    row = table("device|18", "memory, MiB|16", "swap", "cores|9", "pids", "files", "rights|<")
    for slug, profile in sorted(load_profiles().items()):
        told = limits_for(profile)
        asked, seen = containers.read_back(SandboxRequest("unused", limits=told.limits))
        wrong = container_spec.mismatches(asked, seen)
        failed += bool(wrong)
        memory = f"{seen['memory_bytes'] // MIB} of {profile.ram_bytes / MIB:g}"
        rights = f"user {seen['uids'][0]}, capabilities {seen['capabilities']}, seccomp {seen['seccomp']}, {len(seen['interfaces'])} interfaces"
        rights += f"; WRONG: {'; '.join(wrong)}" if wrong else ""
        row(
            slug,
            memory,
            seen["swap_bytes"],
            f"{seen['cpus']} of {profile.cores}",
            seen["pids"],
            seen["open_files"],
            rights,
        )
    say(f"{len(load_profiles()) - failed} of {len(load_profiles())} devices as they were asked for")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(figure(main))
