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


def main() -> int:
    version, why = parts.find("docker")
    if not version:
        print(f"limits: not shown, {why}")
        return 0
    containers, failed = bench_images.containers(), 0
    print(f"{'device':18} {'memory, MiB':>16} {'swap':>5} {'cores':>9} {'pids':>5} {'files':>6}  rights")
    for slug, profile in sorted(load_profiles().items()):
        told = limits_for(profile)
        asked, seen = containers.read_back(SandboxRequest("unused", limits=told.limits))
        wrong = container_spec.mismatches(asked, seen)
        failed += bool(wrong)
        memory = f"{seen['memory_bytes'] // MIB} of {profile.ram_bytes / MIB:g}"
        rights = f"user {seen['uids'][0]}, capabilities {seen['capabilities']}, seccomp {seen['seccomp']}, {len(seen['interfaces'])} interfaces"
        print(
            f"{slug:18} {memory:>16} {seen['swap_bytes']:5} {seen['cpus']:>4} of {profile.cores:<2} {seen['pids']:5} "
            f"{seen['open_files']:6}  {rights}{'; WRONG: ' + '; '.join(wrong) if wrong else ''}",
            flush=True,
        )
    print(f"limits: {len(load_profiles()) - failed}/{len(load_profiles())} devices as they were asked for")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
