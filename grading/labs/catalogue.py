"""The labs by name, without numpy: what each is measured on, and where its models are made."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class HiddenData:
    """Test data that several labs share. title: as pages name it. task: what its labels are for, of grading/ml_tasks/."""

    slug: str
    title: str
    task: str = "classification"


DIGITS = HiddenData("labs-digits", "Handwritten digits, 8 x 8 (scikit-learn)")
TAUGHT_DIGITS = HiddenData("labs-digits-teacher", "Handwritten digits with the logits of a teacher", "distillation")
DIGITS_TO_LEARN = HiddenData(
    "labs-digits-training", "Handwritten digits to learn from, 8 x 8 (scikit-learn)", "training_step"
)
IMAGES = HiddenData("labs-images", "Generated pictures of shapes and patterns, 32 x 32 in colour")
KEYWORDS = HiddenData("labs-keywords", "Generated spectrograms of twelve keywords, 49 x 10")


@dataclass(frozen=True)
class Lab:
    """slug: of its entry in courses/labs.yaml. module: of grading/labs/, which makes its hidden data and its two submissions.

    short: what the submission that falls short does, and what it loses.
    """

    slug: str
    module: str
    hidden: HiddenData
    short: str

    def make_hidden(self, out: Path) -> tuple[Path, Path]:
        """inputs.npy and labels.npy in the folder `out`."""
        found: tuple[Path, Path] = import_module(f"grading.labs.{self.module}").make_hidden(out)
        return found

    def make_public(self, out: Path) -> tuple[Path, Path]:
        """What students train on, as files of the same kind."""
        found: tuple[Path, Path] = import_module("grading.labs.files").public_files(self.hidden.slug, out)
        return found

    def make_reference(self, out: Path) -> Path:
        """The model of the reference submission in the folder `out`. Takes seconds, where it has to be trained."""
        found: Path = import_module(f"grading.labs.{self.module}").make_reference(out)
        return found

    def make_short(self, out: Path) -> Path:
        """The model of the submission that deliberately falls short."""
        found: Path = import_module(f"grading.labs.{self.module}").make_short(out)
        return found


LABS = (
    Lab("benchmarking", "benchmarking", DIGITS, "a net three layers deep and four times as wide: the multiply-accumulates and the file cost too much"),
    Lab("pruning", "pruning", DIGITS, "single weights at zero and every channel still there: no multiply-accumulate is saved"),
    Lab("quantization", "quantization", DIGITS, "calibrated on pictures of the wrong range: eight bits, and most of the accuracy gone"),
    Lab("architecture-search", "architecture_search", IMAGES, "first layers too wide at full size: small in flash, too large for the SRAM"),
    Lab("distillation", "distillation", TAUGHT_DIGITS, "learned from a tenth of the labels alone: right less often, and wrong in other places"),
    Lab("microcontroller", "microcontroller", KEYWORDS, "float32: as accurate, and the board computes in int8 only"),
    Lab("energy", "energy", IMAGES, "twice as wide for the same answers: more charge and more energy for each"),
    Lab("training", "training", DIGITS, "four times as wide: a batch of 32 no longer fits the microcontroller"),
    Lab("training-step", "training_step", DIGITS_TO_LEARN, "biases alone over weights drawn at random: it keeps more and learns next to nothing"),
    Lab("keyword-spotting", "keyword_spotting", KEYWORDS, "four times as wide: more multiply-accumulates than the reference model of MLPerf Tiny"),
    Lab("image-classification", "image_classification", IMAGES, "eight times as wide: more multiply-accumulates than the reference model of MLPerf Tiny"),
    Lab("pipeline", "pipeline", IMAGES, "both halves eleven times as wide: as accurate, and fewer frames a second than are asked for"),
)  # fmt: skip
BY_SLUG = {lab.slug: lab for lab in LABS}
