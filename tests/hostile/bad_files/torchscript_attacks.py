"""TorchScript whose code, when it is loaded or run, loops, eats memory, prints, writes or starts something."""

from collections.abc import Iterator

from tests.hostile.bad_files.archive import HONEST, Members, torchscript
from tests.hostile.bad_files.case import MARKER, Case
from tests.hostile.bad_files.torchscript_files import case

FOREVER = "i = 0\nwhile True:\n  i = i + 1\n"
FILE = f'"/dev/shm/{MARKER}"'


def cases() -> Iterator[Case]:
    yield from _in_forward()
    yield from _at_load()
    yield from _tricks()


def _in_forward() -> Iterator[Case]:
    bodies = {
        "loop": ("while bool(torch.eq(torch.numel(x), torch.numel(x))):\n  x = torch.add(x, 1)\nreturn x", "loops without an end"),
        "loop-quiet": ("i = 0\nx0 = x\nwhile torch.ge(i, 0):\n  i = torch.add(i, 0)\nreturn x0", "loops and never calls an operator"),
        "memory": ("big = torch.ones([2684354560])\nreturn torch.add(x, torch.sum(big))", "10 GB at once"),
        "memory-slow": (
            "l = annotate(List[Tensor], [])\nfor i in range(1000000):\n  _0 = torch.append(l, torch.ones([2000000]))\nreturn torch.add(x, torch.len(l))",
            "memory bit by bit",
        ),
        "memory-empty": ("big = torch.zeros([1099511627776])\nreturn torch.add(x, torch.sum(big))", "4 TB at once"),
        "text-doubles": ('s = "abcdefgh"\nfor i in range(60):\n  s = torch.add(s, s)\nprint(torch.len(s))\nreturn x', "text that doubles"),
        "list-doubles": ("l = [1, 2]\nfor i in range(60):\n  l = torch.add(l, l)\nreturn torch.add(x, torch.len(l))", "a list that doubles"),
        "print-flood": ('for i in range(1000000000):\n  print("x x x x x x x x x x x x x x x x x x x x x x x")\nreturn x', "prints without an end"),
        "print-frames": ('print("{\\"kind\\": \\"report\\"}")\nprint("ready")\nreturn torch.relu(x)', "prints what looks like a result"),
        "warn-flood": ('for i in range(1000000000):\n  torch.warn("odd", 2)\nreturn x', "warns without an end"),
        "fork": ("def __forked_function():\n  return torch.relu(x)\nf = fork(__forked_function)\nreturn torch.wait(f)", "forks"),
        "write": (f"big = torch.from_file({FILE}, True, 16)\nreturn torch.add(x, torch.sum(big))", "makes a file"),
        "write-beside": (f'big = torch.from_file("{MARKER}", True, 16)\nreturn torch.add(x, torch.sum(big))', "makes a file beside itself"),
        "read": ('big = torch.from_file("/etc/passwd", False, 4)\nreturn torch.add(x, torch.sum(big))', "reads a file"),
        "read-environment": ('big = torch.from_file("/proc/self/environ", False, 4)\nreturn torch.add(x, torch.sum(big))', "reads its environment"),
        "save": (f"torch.save(x, {FILE})\nreturn x", "saves a file"),
        "raise": ('ops.prim.RaiseException("no\\nTraceback (most recent call last)\\nValueError: x")\nreturn x', "raises"),
        "raise-long": ('s = "ab"\nfor i in range(24):\n  s = torch.add(s, s)\nops.prim.RaiseException(s)\nreturn x', "raises with 32 MB of text"),
        "divides": ("return torch.add(x, torch.floordiv(1, torch.sub(torch.dim(x), torch.dim(x))))", "divides by zero"),
        "branch": ("if bool(torch.gt(torch.sum(x), 0)):\n  y = torch.relu(x)\nelse:\n  y = torch.neg(x)\nreturn y", "branches on its input"),
        "as-strided": ("return torch.as_strided(x, [1000, 1000], [100000, 1], 0)", "reads outside its input"),
        "set-data": ("return torch.set_(x, torch.zeros([4]))", "moves its input elsewhere"),
        "resize": ("return torch.resize_(x, [100000, 100000])", "grows its input to 40 GB"),
        "empty-output": ("return torch.slice(x, 0, 0, 0)", "an output of no elements"),
        "random": ("return torch.rand([4, 4])", "answers by chance"),
        "many-outputs": ("return torch.chunk(x, 1)", "a list of outputs"),
        "sort": ("a, b = torch.sort(torch.zeros([300000000]))\nreturn torch.add(x, torch.sum(a))", "sorts 300 million numbers"),
        "matmul": ("a = torch.ones([20000, 20000])\nreturn torch.add(x, torch.sum(torch.matmul(a, a)))", "a product of 8 * 10^12 steps"),
        "threads": ("torch.set_num_threads(100000)\nreturn x", "asks for threads"),
        "sleep": ("j = 0\nfor i in range(100000000000):\n  j = torch.add(j, i)\nreturn torch.add(x, j)", "counts to 10^11"),
        "manual-seed": ("ops.aten.manual_seed(0)\nreturn torch.relu(x)", "sets a seed"),
        "expand": ("return torch.contiguous(torch.expand(torch.unsqueeze(x, 0), [1000000000, -1, -1]))", "expands to gigabytes"),
        "eval": ('return eval("1")', "evaluates text"),
        "cuda": ('return torch.to(x, torch.device("cuda:0"), 6)', "wants a GPU"),
        "distributed": ('ops.dist_rpc.rpc_sync("a", "b", (), {})\nreturn x', "calls another machine"),
    }  # fmt: skip
    for name, (body, why) in bodies.items():
        codes = ("too_large",) if name.endswith("-doubles") else ()
        yield case(f"run-{name}", torchscript(body), why, *codes, may_run=name in {"set-data", "print-frames"})


def at_load(body: str) -> Members:
    """The class says itself how its state is set: that runs while it is loaded."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    more = f"  def __setstate__(self: __torch__.M,\n    state: Tensor) -> NoneType:\n{lines}    self.w = state\n    self.training = False\n    return None\n"
    more += "  def __getstate__(self: __torch__.M) -> Tensor:\n    return self.w\n"
    members = torchscript(HONEST, more=more)
    from tests.hostile.bad_files.archive import tensor

    return members | {"m/data.pkl": b"\x80\x02c__torch__\nM\n)\x81" + tensor() + b"b."}


def _at_load() -> Iterator[Case]:
    bodies = {
        "loop": ("i = 0\nwhile torch.ge(i, 0):\n  i = torch.add(i, 0)", "loops while it is loaded"),
        "memory": (
            "l = annotate(List[Tensor], [])\nfor i in range(1000000):\n  _0 = torch.append(l, torch.ones([2000000]))\nprint(torch.len(l))",
            "eats memory while it is loaded",
        ),
        "print": (
            'for i in range(1000000000):\n  print("flood flood flood flood flood flood")',
            "prints while it is loaded",
        ),
        "write": (f"_1 = torch.from_file({FILE}, True, 16)\nprint(torch.numel(_1))", "makes a file while it is loaded"),
        "raise": ('ops.prim.RaiseException("no")', "raises while it is loaded"),
        "honest": ("pass", "sets its own state as quantised layers do"),
    }
    for name, (body, why) in bodies.items():
        yield case(f"load-{name}", at_load(body), why, may_run=name == "honest")


def _tricks() -> Iterator[Case]:
    recursion = "  def other(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return (self).other(x, )\n"
    yield case("run-recursion", torchscript("return (self).other(x, )", more=recursion), "a method that calls itself")
    deep = "".join(
        f"  def f{i}(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    a = (self).f{i - 1}(x, )\n    return (self).f{i - 1}(a, )\n"
        for i in range(1, 41)
    )
    first = "  def f0(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return torch.relu(x)\n"
    yield case(
        "run-doubles", torchscript("return (self).f40(x, )", more=first + deep), "methods that call 2^40 operators"
    )
    unread = (
        "  def other(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    return torch.from_file("
        + FILE
        + ", True, 16)\n"
    )
    yield case(
        "write-unread", torchscript(more=unread), "a method that makes a file, and that nobody calls", may_run=True
    )
    branch = f"if bool(torch.gt(torch.sum(x), 100)):\n  y = torch.from_file({FILE}, True, 16)\nelse:\n  y = torch.relu(x)\nreturn y"
    yield case("write-in-branch", torchscript(branch), "makes a file in a branch that is not taken")
    many = "\n".join(
        [
            "y = torch.ones([1000, 1000])",
            *("y = torch.matmul(y, y)" for _ in range(3000)),
            "return torch.add(x, torch.sum(y))",
        ]
    )
    yield case("run-slow", torchscript(many), "3,000 products: half a minute a run", may_run=True)
    shape = 'if torch.ne(torch.size(x, 1), 7919):\n  ops.prim.RaiseException("size")\nreturn torch.relu(x)'
    yield case("run-picky", torchscript(shape), "runs on an input of one odd size only")
    hungry = "y = torch.zeros([torch.mul(torch.numel(x), 100000000)])\nreturn torch.add(x, torch.sum(y))"
    yield case("run-grows", torchscript(hungry), "memory that grows with its input")
