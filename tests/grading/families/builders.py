"""Variants for tests: with made-up numbers where only the arithmetic counts, as real files where a worker measures them."""

from datetime import timedelta
from uuid import uuid4

import numpy as np
from django.utils import timezone
from onnx import helper

from grading.families.front import Variant
from grading.handing_in.piece_reading import read_file
from grading.measuring import worker
from grading.models import Assignment, Piece
from grading.models.owners import Owner
from grading.models.variants import VariantRun
from grading.services.pieces import piece_put
from hardware import leases
from hardware.models import Job, Outcome
from tests.grading.bench.tiny import save_onnx
from tests.people import FakeUpload

PAGE_URL = "/courses/odml/assignments/lab1/family/"
FAMILY = {
    "key": "family", "kind": "models", "title": "Family of variants", "least": 2, "vary": ["depth", "width", "input"], "sizes": [4, 8],
}  # fmt: skip


def variant(title, macs, accuracy, ms, *, side=8, spread=0.05, swing=0.1, **more):
    """accuracy and its interval as shares (± spread); ms with a swing from process to process."""
    facts = {
        "key": f"{title}-{side}", "name": title, "title": title, "labels": {}, "format": "onnx", "side": side, "size": f"{side} × {side}",
        "params": macs, "weight_bytes": 4 * macs, "model_bytes": 5 * macs, "peak_bytes": 256, "macs": macs,
        "correct": round(1000 * accuracy), "n": 1000, "score": accuracy, "low": accuracy - spread, "high": accuracy + spread,
        "p50_ms": ms, "fast_ms": ms * (1 - swing), "slow_ms": ms * (1 + swing), "sha256": "0" * 64,
    }  # fmt: skip
    return Variant(**(facts | more))


def family_lab(cast, **more):
    """The lab of the cast, which now asks for a family."""
    cast.lab.parts = [FAMILY | more]
    cast.lab.save()
    return Assignment.objects.select_related("course").get(pk=cast.lab.pk)  # its parts are read once


def net(folder, side=8, classes=10, seed=1):
    """One dense layer over the whole picture: side x side x classes multiply-accumulates."""
    weights = np.random.default_rng(seed).normal(size=(classes, side * side)).astype(np.float32)
    nodes = [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("Gemm", ["flat", "w"], ["y"], transB=1)]
    return save_onnx(folder / f"{uuid4().hex}.onnx", nodes, {"w": weights}, [("x", (1, 1, side, side))])


def put_net(person, lab, folder, name="mlp_d1_w8_8.onnx", now=None, path=None, team=None, **shape):
    upload = FakeUpload(name, path or net(folder, **shape))
    content = read_file(lab, lab.family, upload)
    return piece_put(owner=Owner(person, team), assignment=lab, part=lab.family, content=content, now=now)[0]


def measured(piece, *, macs=640, correct=9, n=10, ms=0.01, side=8):
    """End the run of a piece as if a worker had measured it."""
    low, high = max(correct / n - 0.1, 0), min(correct / n + 0.1, 1)
    document = {
        "report": {"format": "onnx", "inputs": [{"name": "x", "shape": [1, 1, side, side], "dtype": "float32"}], "params": macs,
                   "weight_bytes": 4 * macs, "peak_activation_bytes": 256, "macs": macs},
        "host": {"p50_ms": ms, "medians_ms": [0.9 * ms, ms, 1.2 * ms]}, "metrics": {"model_bytes": 5 * macs},
        "quality": {"correct": correct, "n": n, "accuracy": correct / n, "low": low, "high": high},
        "environment": {"runtime": "ONNX Runtime", "runtime_version": "1", "threads": 1, "cpu": "test"}, "size": side,
    }  # fmt: skip
    return ended(piece, Outcome.MEASURED, document)


def ended(piece, outcome, result):
    Job.objects.exclude(pk=VariantRun.objects.get(piece=piece).pk).update(
        not_before=timezone.now() + timedelta(hours=1)
    )
    Job.objects.filter(variantrun__piece=piece).update(not_before=timezone.now() - timedelta(seconds=1))
    lease = leases.lease_next(worker="test", kinds=("variant",))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=outcome, result=result)
    return VariantRun.objects.get(pk=lease.job_id)


def work(times=1):
    """Let the real worker take so many jobs."""
    for _ in range(times):
        Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert worker.work_once("bench@test")


def standing(person):
    return Piece.objects.standing().filter(person=person, kind="models")


def edit(client, pieces, **more):
    said = {f"{piece.pk}:name": piece.data["name"] for piece in pieces}
    said |= {f"{piece.pk}:{label}": value for piece in pieces for label, value in piece.data.get("labels", {}).items()}
    return client.post(f"{PAGE_URL}edit/", said | more)
