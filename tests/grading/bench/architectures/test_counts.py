"""Networks built from their papers have the multiply-accumulates and parameters that were published for them.

Sources: the papers named in grading/bench/architectures/, tensorflow/models (slim nets' READMEs), tensorflow/tpu
(efficientnet/lite, edgetpu), torchvision's model table, mlcommons/tiny. Published counts are rounded, and some leave out or add
small layers, so each has its own tolerance.
"""

import pytest

from grading.bench.architectures.catalogue import ARCHITECTURES, build
from grading.bench.report import report_of

# name, parameters, million MACs, million parameters, tolerance of both
PUBLISHED = [
    ("mobilenet_v1", {}, 569, 4.24, 0.01),
    ("mobilenet_v1", {"width": 0.25, "resolution": 128}, 14, 0.47, 0.05),
    ("mobilenet_v1", {"width": 0.5, "resolution": 160}, 77, 1.34, 0.02),
    ("mobilenet_v2", {}, 300, 3.5, 0.01),
    ("mobilenet_v2", {"width": 1.4}, 582, 6.06, 0.01),
    ("mobilenet_v2", {"width": 0.35, "resolution": 96}, 11, 1.66, 0.09),
    ("mobilenet_v3_large", {}, 217, 5.4, 0.02),
    ("mobilenet_v3_small", {}, 57, 2.54, 0.02),
    ("mobilenet_v3_large", {"minimalistic": True}, 209, 3.9, 0.01),
    ("mnasnet", {}, 315, 4.38, 0.01),
    ("mnasnet", {"variant": "a1"}, 312, 3.9, 0.01),
    ("efficientnet_lite", {"variant": 0}, 407, 4.7, 0.06),
    ("efficientnet_lite", {"variant": 4}, 2640, 13.0, 0.04),
    ("efficientnet_b", {"variant": 0}, 390, 5.3, 0.02),
    ("efficientnet_edgetpu", {"size": "s"}, 1810, 5.44, 0.02),
    ("resnet", {"depth": 18}, 1814, 11.69, 0.01),
    ("resnet", {"depth": 34}, 3664, 21.8, 0.01),
    ("resnet", {"depth": 50}, 4089, 25.56, 0.01),
    ("resnet", {"depth": 50, "version": "1"}, 3858, 25.56, 0.01),
    ("resnet", {"depth": 152}, 11514, 60.19, 0.01),
    ("resnet", {"depth": 50, "groups": 32, "base_width": 4}, 4230, 25.03, 0.01),
    ("densenet", {"depth": 121}, 2834, 7.98, 0.01),
    ("googlenet", {}, 1583, 7.0, 0.01),
    ("googlenet", {"fifth": 3}, 1498, 6.62, 0.01),
    ("inception_v3", {}, 5713, 23.8, 0.01),
    ("inception_v4", {}, 12270, 42.7, 0.01),
    ("alexnet", {}, 714, 61.1, 0.01),
    ("vgg", {"depth": 16}, 15470, 138.36, 0.01),
    ("squeezenet", {"version": "1.0"}, 818, 1.25, 0.06),
    ("squeezenet", {"version": "1.1"}, 349, 1.24, 0.01),
    ("shufflenet_v2", {"width": 1.0}, 146, 2.28, 0.01),
    ("shufflenet_v2", {"width": 2.0}, 583, 7.39, 0.01),
    ("ssd_mobilenet_v2", {}, 800, 6.06, 0.04),
    ("yolov5n", {}, 2250, 1.87, 0.01),
    ("vision_transformer", {}, 1254, 5.72, 0.01),
    ("toycar_autoencoder", {}, 0.264, 0.267, 0.01),
    ("resnet8", {}, 12.5, 0.0777, 0.01),
    ("dscnn", {}, 2.657, 0.0226, 0.01),
    ("visual_wake_words", {}, 7.49, 0.2109, 0.01),
]


def counted(name, **parameters):
    return report_of(build(name, **parameters), size=0, sha256="0" * 64)


@pytest.mark.parametrize(("name", "parameters", "macs", "params", "tolerance"), PUBLISHED, ids=str)
def test_counts_are_those_that_were_published(name, parameters, macs, params, tolerance):
    report = counted(name, **parameters)
    assert report.macs / 1e6 == pytest.approx(macs, rel=tolerance)
    assert report.params / 1e6 == pytest.approx(params, rel=tolerance)


def test_every_architecture_is_checked():
    assert set(ARCHITECTURES) == {name for name, *_ in PUBLISHED}


def test_a_quantised_network_is_stored_in_8_bits_with_wider_biases():
    report = counted("mobilenet_v1", quantised=True)
    assert report.weight_bits["8"] > 0.99
    assert set(report.weight_bits) == {"8", "32"}
    assert report.macs == counted("mobilenet_v1").macs


def test_the_stride_of_resnet_50_sits_where_its_version_says():
    def strided(version):
        return {o.kernel.size[0] for o in build("resnet", version=version).operators if o.kernel and o.kernel.stride == (2, 2)
                and o.op_class == "conv" and o.kernel.in_channels > 3 and o.kernel.in_channels != o.kernel.out_channels // 2}  # fmt: skip

    assert 3 not in strided("1")
    assert 3 in strided("1.5")
