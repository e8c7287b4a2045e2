"""Models of PyTorch that behave: what is built in courses, and what merely looks odd."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 its usual name


class Base(nn.Module):
    """Sixteen numbers in, four scores out."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 4)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(4)])

    def forward(self, x):
        y = self.one(x)
        for norm in self.norms:
            y = F.relu(norm(self.two(y)), inplace=True)
        y += x
        return y.mean((2, 3))


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding="same"), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.ConvTranspose2d(8, 4, 2, stride=2), nn.GroupNorm(2, 4), nn.Hardswish(inplace=True), nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LayerNorm(16), nn.Linear(16, 4), nn.LogSoftmax(1),
        )  # fmt: skip

    def forward(self, x):
        if x.dim() == 4 and not self.training:
            return self.body(x)
        return self.body(x.unsqueeze(0))


class Interpolated(nn.Module):
    def forward(self, x):
        y = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        y = F.interpolate(y, size=[int(x.shape[2]), int(x.shape[3])], mode="nearest")
        return F.pad(y, [1, 1]).sum((2, 3))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(8, 6, num_layers=2, dropout=0.3, batch_first=True), nn.GRU(6, 4, batch_first=True)

    def forward(self, x):
        y, _ = self.lstm(x)
        z, _ = self.gru(y)
        return z[:, -1]


class ByHand(nn.Module):
    """A recurrent cell in a loop over the length, with a list of outputs."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(8, 4)

    def forward(self, x):
        state = torch.zeros(x.size(0), 4)
        found = []
        for place in range(x.size(1)):
            state = self.cell(x[:, place], state)
            found.append(state)
        return torch.stack(found, 1)[:, -1]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0].mean(1)


class Encoder(nn.Module):
    def __init__(self, fast=True):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=fast)

    def forward(self, x):
        return self.encoder(x).mean(1)


class Named(nn.Module):
    """Features go by name through a dictionary and a tuple, as in models of detection."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(16, 4)
        self.sizes = [4, 4]

    def parts(self, x) -> tuple[torch.Tensor, int]:
        return self.dense(x), x.size(0)

    def forward(self, x):
        found = {}
        y, rows = self.parts(x)
        if rows == 1:
            found["scores"] = y
        for name, value in found.items():
            found[name] = value.view(rows, self.sizes[0])
        return found["scores"]


class Normalising(Base):
    """Numbers taken from the input may be computed with."""

    def forward(self, x):
        return self.dense((x - x.mean()) / (x.std() + 1e-6)) + float(x.max())


BEHAVE = {
    "residual": (Residual, (1, 4, 6, 6)), "convolutions": (Convolutions, (1, 4, 6, 6)),
    "interpolated": (Interpolated, (1, 4, 6, 6)), "recurrent": (Recurrent, (1, 5, 8)), "by hand": (ByHand, (1, 5, 8)),
    "attention": (Attention, (1, 5, 8)), "encoder": (Encoder, (1, 5, 8)),
    "slow encoder": (lambda: Encoder(False), (1, 5, 8)), "named": (Named, (1, 16)), "normalising": (Normalising, (1, 16)),
}  # fmt: skip
