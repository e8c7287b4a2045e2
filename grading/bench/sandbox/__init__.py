"""Run one module on a stranger's file so that nothing it does reaches further than one pipe."""

from grading.bench.sandbox.choice import detect
from hardware.ondevice.sandbox.request import Budget, Limits, Sandbox, SandboxError, SandboxRequest, SandboxResult

__all__ = ["Budget", "Limits", "Sandbox", "SandboxError", "SandboxRequest", "SandboxResult", "detect"]
