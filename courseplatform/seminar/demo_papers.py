"""Papers of the demo: published ones only, titles, authors and venues as printed. Key: the title of the session in which it is presented."""

from typing import Any

ARXIV = "https://arxiv.org/abs/"


def _paper(title: str, authors: str, venue: str, year: int, arxiv: str, topic: str) -> dict[str, Any]:
    return {"title": title, "authors": authors, "venue": venue, "year": year, "url": f"{ARXIV}{arxiv}", "topic": topic}


BENCHMARK = _paper(
    "Efficient Processing of Deep Neural Networks: A Tutorial and Survey", "Vivienne Sze, Yu-Hsin Chen, Tien-Ju Yang, Joel S. Emer",
    "Proceedings of the IEEE", 2017, "1703.09039", "Efficiency",
)  # fmt: skip
INTEGER = _paper(
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    "Benoit Jacob, Skirmantas Kligys, Bo Chen, Menglong Zhu, Matthew Tang, Andrew Howard, Hartwig Adam, Dmitry Kalenichenko", "CVPR", 2018,
    "1712.05877", "Quantization",
)  # fmt: skip
LOTTERY = _paper(
    "The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks", "Jonathan Frankle, Michael Carbin", "ICLR", 2019,
    "1803.03635", "Pruning",
)  # fmt: skip
ONCE = _paper(
    "Once-for-All: Train One Network and Specialize it for Efficient Deployment", "Han Cai, Chuang Gan, Tianzhe Wang, Zhekai Zhang, Song Han",
    "ICLR", 2020, "1908.09791", "Architecture search",
)  # fmt: skip
FORMER = _paper(
    "EfficientFormer: Vision Transformers at MobileNet Speed",
    "Yanyu Li, Geng Yuan, Yang Wen, Ju Hu, Georgios Evangelidis, Sergey Tulyakov, Yanzhi Wang, Jian Ren", "NeurIPS", 2022, "2206.01191",
    "Transformers",
)  # fmt: skip
FLASH = _paper(
    "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness",
    "Tri Dao, Daniel Y. Fu, Stefano Ermon, Atri Rudra, Christopher Ré", "NeurIPS", 2022, "2205.14135", "Transformers",
)  # fmt: skip
KB256 = _paper(
    "On-Device Training Under 256KB Memory", "Ji Lin, Ligeng Zhu, Wei-Ming Chen, Wei-Chen Wang, Chuang Gan, Song Han", "NeurIPS", 2022,
    "2206.15472", "Efficient training",
)  # fmt: skip
TINYTL = _paper(
    "TinyTL: Reduce Memory, Not Parameters for Efficient On-Device Learning", "Han Cai, Chuang Gan, Ligeng Zhu, Song Han", "NeurIPS", 2020,
    "2007.11622", "Efficient training",
)  # fmt: skip
LORA = _paper(
    "LoRA: Low-Rank Adaptation of Large Language Models",
    "Edward J. Hu, Yelong Shen, Phillip Wallis, Zeyuan Allen-Zhu, Yuanzhi Li, Shean Wang, Lu Wang, Weizhu Chen", "ICLR", 2022, "2106.09685",
    "Fine-tuning",
)  # fmt: skip
BITFIT = _paper(
    "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models",
    "Elad Ben Zaken, Shauli Ravfogel, Yoav Goldberg", "ACL", 2022, "2106.10199", "Fine-tuning",
)  # fmt: skip
GREEN = _paper(
    "Green AI", "Roy Schwartz, Jesse Dodge, Noah A. Smith, Oren Etzioni", "Communications of the ACM", 2020, "1907.10597", "Energy",
)  # fmt: skip
ENERGY = _paper(
    "Energy and Policy Considerations for Deep Learning in NLP", "Emma Strubell, Ananya Ganesh, Andrew McCallum", "ACL", 2019, "1906.02243",
    "Energy",
)  # fmt: skip
MCUNET = _paper(
    "MCUNet: Tiny Deep Learning on IoT Devices", "Ji Lin, Wei-Ming Chen, Yujun Lin, John Cohn, Chuang Gan, Song Han", "NeurIPS", 2020,
    "2007.10319", "Architecture search",
)  # fmt: skip
LLM_INT8 = _paper(
    "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", "Tim Dettmers, Mike Lewis, Younes Belkada, Luke Zettlemoyer",
    "NeurIPS", 2022, "2208.07339", "Quantization",
)  # fmt: skip
KEYWORD = _paper(
    "Keyword Transformer: A Self-Attention Model for Keyword Spotting", "Axel Berg, Mark O'Connor, Miguel Tairum Cruz", "Interspeech", 2021,
    "2104.00769", "Speech",
)  # fmt: skip
IMPRINTED = _paper(
    "Low-Shot Learning with Imprinted Weights", "Hang Qi, Matthew Brown, David G. Lowe", "CVPR", 2018, "1712.07136", "Few examples",
)  # fmt: skip
DEEP_COMPRESSION = _paper(
    "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and Huffman Coding",
    "Song Han, Huizi Mao, William J. Dally", "ICLR", 2016, "1510.00149", "Compression",
)  # fmt: skip

# (session, paper or None, first name of the one who presents or "", first names of those who review)
SLOTS: tuple[tuple[str, dict[str, Any] | None, str, tuple[str, ...]], ...] = (
    ("Efficiency Benchmarking", BENCHMARK, "kenji", ("ruth", "leila")),
    ("Compression I", INTEGER, "ana", ("daniel", "tomas")),
    ("Compression II", LOTTERY, "tomas", ("sofia", "kenji")),
    ("Architecture-specific tricks II", FORMER, "leila", ()),
    ("Efficient Training", KB256, "ruth", ()),
    ("Efficient Training", TINYTL, "", ()),
    ("Parameter Efficient", LORA, "daniel", ()),
    ("Parameter Efficient", BITFIT, "", ()),
    ("Project Hours", None, "", ()),
    ("Environmental Impacts", GREEN, "sofia", ()),
    ("Environmental Impacts", ENERGY, "", ()),
)
SPARE = (ONCE, FLASH, MCUNET, LLM_INT8)
# Orders of the round for presenters, by first name: places in SLOTS.
ORDERS: dict[str, tuple[int, ...]] = {
    "kenji": (0, 3), "ana": (1, 0, 2), "tomas": (2, 1), "leila": (3,), "ruth": (3, 4, 6), "daniel": (6,), "sofia": (6, 9, 4),
}  # fmt: skip
REVIEW_ORDERS: dict[str, tuple[int, ...]] = {"kenji": (4, 9), "ana": (6, 4, 10), "tomas": (10, 7), "leila": (4, 5, 6)}
FEEDBACK = (
    (
        5,
        4,
        "The one figure that shows where the cost really sits.",
        "Slower on that figure; it carries the talk.",
    ),
    (4, 3, "That what one measures decides what looks efficient.", ""),
    (3, 4, "The worked example on our own board.", "Fewer formulas on one slide, and the units beside them."),
    (4, 4, "I could now explain the main idea to my team.", "The limits in the appendix were worth a slide."),
)
# Session, who writes, and the text, which may be empty.
HIGHLIGHTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Efficiency Benchmarking", ("ana",), """## Measure what you pay for

Operations are a count, not a time. Two networks with the same number of multiply-accumulates can differ by a factor of three in latency,
because one of them waits for memory.

- **Latency** is what the user feels, **energy** is what the battery pays: report both, with their spread.
- Warm up first, then measure; a board that throttles after a minute is another board.

Open: which of our boards lets us read its power without a meter?
"""),
    ("Compression I", ("kenji", "leila"), """## Eight bits are a choice of scale

Quantization maps a range of reals onto 256 numbers: `q = round(x / scale) + zero_point`. Everything else is the question of which range.

1. One scale a tensor is simple; one a channel saves the accuracy of depthwise layers.
2. Training with the rounding in the loop helps where calibration alone loses too much.

Pruning removes weights instead; unstructured zeros only help where the runtime skips them.
"""),
    ("Compression II", ("sofia",), """## A small network that listens to a large one

Distillation trains a student on the teacher's soft answers: they say not only *what*, but *how nearly something else*. The lottery ticket
paper asks the opposite: was the small network in the large one all along?
"""),
    ("Architecture-specific tricks I:", ("daniel",), """Depthwise convolutions cut multiply-accumulates by almost the number
of channels, and move the bottleneck to memory.
"""),
    ("Architecture-specific tricks II", ("ruth",), """## Attention on a phone

The score matrix grows with the square of the tokens; what counts on a device is that it never has to be written to memory as a whole.
"""),
    ("Efficient Training", ("tomas",), ""),
    ("Parameter Efficient", ("ana", "daniel"), ""),
)  # fmt: skip
PARTS = {
    "presenters": {"most": 1},
    "reviewers": {"least": 2, "most": 2},
    "points": 15,
    "parts": [
        {"title": "Overview", "minutes": [5, 7], "per": "team"},
        {"title": "Strengths and weaknesses", "minutes": [1.5], "per": "student"},
        {"title": "Questions"},
    ],
}
