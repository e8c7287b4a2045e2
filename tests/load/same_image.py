"""Is the web image the same when it is built again? Prints the hash of its files, and exit status 1 and their names where any differ.

    python -m tests.load.same_image [web|bench|backup]      minutes: each of two builds begins anew from the base

What is compared: name, kind, mode, owner, target and content of each file, and not its time. An image's id holds the moment of the build with
the engine's own `docker build`, so two ids always differ; docker/README.md says which builder leaves the moment out.
"""

import hashlib
import subprocess
import sys
import tarfile
import time

from tests.docker.stack import built, run
from tests.load.figures import figure, say

MOST_SHOWN = 20


def files(image: str) -> dict[str, tuple[object, ...]]:
    """name -> all that is compared, of each file of the image."""
    container = run("docker", "create", image)
    found = {}
    try:
        with (
            subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as exported,
            tarfile.open(fileobj=exported.stdout, mode="r|") as tar,
        ):
            for one in tar:
                content = tar.extractfile(one) if one.isreg() else None
                digest = hashlib.file_digest(content, "sha256").hexdigest() if content else ""
                found[one.name] = (one.type, oct(one.mode), one.uid, one.gid, one.linkname, one.size, digest)
        assert exported.returncode == 0
    finally:
        run("docker", "rm", container)
    return found


def tree(found: dict[str, tuple[object, ...]]) -> str:
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def main() -> int:
    target = sys.argv[1] if len(sys.argv) > 1 else "web"
    trees = []
    for number in (1, 2):
        tag, begun = f"milliamp-same-{target}-{number}", time.monotonic()
        trees.append(files(built(target, "--no-cache", tag=tag)))
        say(f"build {number}: {time.monotonic() - begun:.0f} s, {len(trees[-1])} files, {tree(trees[-1])}")
        run("docker", "rmi", "-f", tag)
    first, second = trees
    differ = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    for name in differ[:MOST_SHOWN]:
        say(f"  {name}: {first.get(name)} and {second.get(name)}")
    say(f"the {target} image built twice from one base: {len(differ)} of {len(first)} files differ")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(figure(main))
