"""The demo's network as ONNX, written node by node."""

from pathlib import Path

from onnx import TensorProto, helper, numpy_helper, save_model

from grading.demo.weights import Weights

OPSET, IR_VERSION = 17, 8


def write_onnx(weights: Weights, target: Path, size: int = 8) -> None:
    """Input `image` 1 x channels x size x size float32, output `scores` 1x10. The pooling leaves 4 x 4."""
    pool = [size // 4, size // 4]
    same = [1, 1, 1, 1]
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "conv_w", "conv_b"], ["conv_out"], name="conv", pads=same),
        node("Relu", ["conv_out"], ["conv_relu"], name="conv_relu"),
        node("Conv", ["conv_relu", "dw_w", "dw_b"], ["dw_out"], name="depthwise", pads=same, group=weights.first),
        node("Relu", ["dw_out"], ["dw_relu"], name="depthwise_relu"),
        node("Conv", ["dw_relu", "pw_w", "pw_b"], ["pw_out"], name="pointwise"),
        node("Relu", ["pw_out"], ["pw_relu"], name="pointwise_relu"),
        node("MaxPool", ["pw_relu"], ["pool_out"], name="pool", kernel_shape=pool, strides=pool),
        node("Flatten", ["pool_out"], ["flat"], name="flatten"),
        node("Gemm", ["flat", "fc_w", "fc_b"], ["scores"], name="dense", transB=1),
    ]
    constants = {
        "conv_w": weights.conv,
        "conv_b": weights.conv_bias,
        "dw_w": weights.depthwise,
        "dw_b": weights.depthwise_bias,
        "pw_w": weights.pointwise,
        "pw_b": weights.pointwise_bias,
        "fc_w": weights.dense,
        "fc_b": weights.dense_bias,
    }
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, int(weights.conv.shape[1]), size, size])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="milliamp-demo")
    save_model(model, str(target))
