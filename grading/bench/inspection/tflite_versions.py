"""Up to which version LiteRT 2.3 runs each TFLite operator.

Found by giving its interpreter a model of one operator in each version; tests/grading/bench/test_refused_before_loading.py does
so again for some. Operators that are not here are known in version 1 only.
"""

SCHEMA_VERSION = 3
NEWEST: dict[str, int] = {
    name: version
    for version, names in {
        2: (
            "COS DEPTH_TO_SPACE DIV EXP FAKE_QUANT FLOOR_MOD GREATER L2_NORMALIZATION LEAKY_RELU LESS_EQUAL LOG "
            "LOG_SOFTMAX RANGE REDUCE_PROD SELECT_V2 SIGN SIN SPACE_TO_DEPTH SQRT SQUARED_DIFFERENCE SQUEEZE SUM "
            "WHERE"
        ),
        3: (
            "ARG_MAX ARG_MIN AVERAGE_POOL_2D BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN FLOOR_DIV "
            "GELU GREATER_EQUAL LESS LOGISTIC MAX_POOL_2D MEAN MIRROR_PAD REDUCE_MAX REDUCE_MIN RELU RELU6 RNN "
            "RSQRT SPARSE_TO_DENSE SPLIT_V TANH TILE TOPK_V2 UNIDIRECTIONAL_SEQUENCE_RNN"
        ),
        4: (
            "BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_TO LSTM MAXIMUM MINIMUM NOT_EQUAL RESIZE_BILINEAR "
            "RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SELECT SOFTMAX SPACE_TO_BATCH_ND SVDF "
            "UNIDIRECTIONAL_SEQUENCE_LSTM"
        ),
        5: ("ABS EMBEDDING_LOOKUP EQUAL FILL PACK SPLIT SUB TRANSPOSE_CONV"),
        6: ("ADD DYNAMIC_UPDATE_SLICE GATHER_ND PAD PADV2 QUANTIZE UNPACK"),
        7: ("CONCATENATION DEPTHWISE_CONV_2D"),
        8: ("CONV_2D GATHER MUL SLICE STRIDED_SLICE"),
        9: ("CAST DEQUANTIZE TRANSPOSE"),
        14: ("FULLY_CONNECTED"),
    }.items()
    for name in names.split()
}
