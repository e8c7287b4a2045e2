"""Files that should not be measured against the real command: each gets a coded sentence, and nothing else comes of it.

A part of tests/hostile/bad_files, in a few calls; `python -m tests.load.bad_files` tries all of them.
"""

import re

import pytest

from tests.hardware.ondevice import models
from tests.hostile.bad_files import every_case, trial

# Of each kind one that is quick to answer, and those that only the sandbox ends.
QUICK = re.compile(
    r"onnx-(cut-half|flip-0[0-2]|cyclic|weights-short|weights-overflow|outside-(passwd|nul|through|itself|branch|unused-function)"
    r"|opset99|if|loop|domain-com-example|nodes-100000|outputs-20000|functions-double|sparse|fill-16g|zero-inside|long-type"
    r"|outside-training|reshape-unfit|output-unfit|opset-twice|weights-two-fields|bernoulli|activations-double)\."
    r"|onnx-(training-short|mistyped-tensor|step-nan|variance-nan|dropout-on|function-twice)\."
    r"|tflite-(outside-group|options-behind|signature-tensor|custom-unused|activation-unknown|name-not-utf8|split-of-nothing)\."
    r"|tflite-(cut-half|flip-0[0-2]|custom-flex|custom-unnamed|while|composite|split-zero|dense-without-weights|weights-negative|operators-100000"
    r"|huge-inside|type-string|unsorted|argument-minus|buffer-header|slice|version|scale-nan)\."
    r"|export-(size-guards|guards-class|opset-99|target-system|size-powers|nodes-50000|unsorted|more-arguments|weights-strides|call-weight-extra|call-samples-second)\."
    r"|script-(call-reduce-in-data|call-in-data-extra\.pkl|weights-long|weights-text|pickle-deep|code-deep|code-no-forward|load-raise|run-text-doubles|run-list-doubles)\.|zip-(bomb|overlap|name-up|name-drive|says-encrypted|says-directory-size|many)\.pt2?$"
    r"|no-model-(empty|pdf|random)\.onnx|no-model-call-reduce|lie-tail\.pt2$|lie-onnx-as\.pt$"
)
SLOW = ("script-run-print-flood.pt", "script-load-write.pt", "script-run-memory-slow.pt")


@pytest.fixture(scope="module")
def cases():
    return every_case()


def checked(trial_of, cases):
    assert trial.judge(trial_of, cases) == {}


def test_there_are_several_hundred_of_all_four_formats(cases):
    endings = [case.name.rsplit(".", 1)[-1] for case in cases]
    assert min(endings.count(ending) for ending in ("onnx", "tflite", "pt", "pt2")) > 100


def test_each_bad_file_gets_a_coded_sentence_and_leaves_nothing(tmp_path, cases):
    chosen = [case for case in cases if QUICK.match(case.name)][::2]  # a process each
    assert len(chosen) > 50
    checked(trial.run(trial.write_all(chosen, tmp_path / "files"), tmp_path), chosen)


def test_what_runs_in_the_sandbox_is_ended_there_and_a_good_file_keeps_its_place(tmp_path, cases):
    chosen = [case for case in cases if case.name in SLOW]
    paths = trial.write_all(chosen, tmp_path / "files")
    good = models.linear(tmp_path / "files" / "good.onnx")
    done = trial.run([paths[0], good, *paths[1:]], tmp_path)
    assert done.rows.pop(1)["macs"] == 8
    assert done.seconds.pop("good.onnx") < trial.MOST_FILE_S
    checked(done, chosen)
