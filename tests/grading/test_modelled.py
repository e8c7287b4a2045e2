"""Points from modelled numbers: only where the cost model is sure enough, and never a silent zero."""

import pytest

from grading.bench.architectures.catalogue import graph_of
from grading.bench.on_device import device_json
from grading.bench.report import from_graph
from grading.modelled import modelled_of
from grading.points import points_for
from grading.spec import BenchSpec, SpecError
from hardware.profiles import load_profiles
from tests.people import SPEC
