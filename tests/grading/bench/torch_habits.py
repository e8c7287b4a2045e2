"""Takes the models of torch_behaving, torch_misbehaving and torch_smuggled to the check. Prints what it says, as JSON.

    python -m tests.grading.bench.torch_habits FOLDER

In a process of its own, as torch_models is.
"""

import json
import sys
import warnings
from pathlib import Path

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from tests.grading.bench import torch_smuggled
from tests.grading.bench.torch_behaving import BEHAVE, Residual
from tests.grading.bench.torch_misbehaving import ATTACKS, EXPORTED_ATTACKS

warnings.simplefilter("ignore")
EXPORTED = {"residual", "convolutions", "recurrent", "attention", "encoder"}
TRACED = {"residual", "convolutions", "recurrent", "attention", "encoder", "slow encoder", "normalising"}


def make():
    """name -> (module, input shape)."""
    for name, (build, shape) in BEHAVE.items():
        torch.manual_seed(3)
        yield f"{name} scripted", torch.jit.script(build().eval()), shape
        if name in TRACED:
            yield f"{name} traced", torch.jit.trace(build().eval(), torch.rand(shape), check_trace=False), shape
    yield "residual frozen", torch.jit.freeze(torch.jit.script(Residual().eval())), (1, 4, 6, 6)
    for build in (*ATTACKS, *torch_smuggled.SCRIPTED):
        yield build.__name__, torch.jit.script(build().eval()), (1, 16)


def export(folder):
    """name -> (file, input shape)."""
    kinds = [(f"{name} exported", *BEHAVE[name]) for name in sorted(EXPORTED)]
    kinds += [(f"{build.__name__} exported", build, (1, 16)) for build in torch_smuggled.EXPORTED]
    for name, build, shape in [*kinds, *((build.__name__, build, (1, 16)) for build in EXPORTED_ATTACKS)]:
        path = folder / f"{name}.pt2"
        torch.export.save(torch.export.export(build().eval(), (torch.rand(shape),)), path)
        yield name, path, shape


def main():
    answers = {}
    for name, path, shape in export(Path(sys.argv[1])):
        try:
            answers[name] = {"report": look_into(path, "torch_export", [shape]).to_json()}
        except BenchError as error:
            answers[name] = {"error": error.to_json()}
    for name, module, shape in make():
        path = Path(sys.argv[1]) / f"{name}.pt"
        torch.jit.save(module, str(path))
        try:
            answers[name] = {"report": look_into(path, "torchscript", [shape]).to_json()}
        except BenchError as error:
            answers[name] = {"error": error.to_json()}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
