"""The form of a device: the keys of a profile file as fields, sizes as people write them, and every fault beside its field."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from courseplatform.core.form_fields import NumberField, WholeField
from hardware.profile_reading import KEYS, ProfileFaults, Values, profile_of
from hardware.profiles import POWER_AT, RUNTIMES, TIERS

UNITS = {"": 1, "b": 1, "byte": 1, "bytes": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
         "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}  # fmt: skip
KEY = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
SIZE = re.compile(r"\s*(\d{1,16}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*")
POWER_WORDS = {"": "not known", "wall": "at the wall", "dc": "direct current into the board", "chip": "the chip alone"}
GROUPS = (
    ("What it is", ("name", "kind", "tier", "board", "note")),
    ("Processor", ("cores", "clock_mhz", "isa", "peak_fp32_gflops", "peak_fp16_gflops", "peak_int8_gops", "compute_dtypes")),
    ("Accelerator", ("accelerator", "accelerator_memory_bytes", "accelerator_peaks")),
    ("Memory and storage", ("ram_bytes", "system_bytes", "memory_bandwidth_mb_s", "storage", "flash_bytes", "weights_in_ram")),
    ("Runtimes", ("runtimes", "formats", "runtime_bytes", "runtime_flash_bytes")),
    ("Power", ("idle_mw", "loaded_mw", "power_at", "nominal_current_ma")),
    ("Sources", ("sources",)),
)  # fmt: skip
NOTES = {
    "Processor": "Peaks in 10^9 operations a second; a multiply-accumulate is two. Empty where it has no such instructions.",
    "Accelerator": "Empty where there is none.",
    "Memory and storage": "Sizes with their unit: 512 MiB, 320 KiB.",
    "Runtimes": "One a line, with a colon: tflite: 6 MiB.",
    "Power": "Of the whole board, in milliwatts.",
    "Sources": "One a line, with a colon. Each number needs one: hardware, peaks, system_bytes, runtime_bytes, memory_bandwidth_mb_s, "
               "idle_mw, loaded_mw, nominal_current_ma, accelerator. Write “estimate of ours” where it is one.",
}  # fmt: skip


def bytes_of(text: str) -> int:
    """512 MiB, 1.5 GB, 4096. Raises ValidationError (`not_a_size`)."""
    match = SIZE.fullmatch(text)
    if match is None or match[2].lower() not in UNITS:
        raise forms.ValidationError("Write a size with its unit: 512 MiB.", code="not_a_size")
    return round(float(match[1]) * UNITS[match[2].lower()])


def size_words(value: int) -> str:
    """The way back: `bytes_of` gives the same number."""
    for unit, one in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value and value % one == 0:
            return f"{value // one} {unit}"
    return str(value)


class SizeField(forms.CharField):
    def prepare_value(self, value: Any) -> Any:
        return size_words(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return bytes_of(text) if text else 0


class LinesField(forms.CharField):
    """`key: value` a line, to a mapping. kind: how a value is read; words: how it is written."""

    def __init__(self, *, is_size: bool = False, is_number: bool = False, **more: Any) -> None:
        self.is_size, self.is_number = is_size, is_number
        super().__init__(widget=forms.Textarea(attrs={"rows": more.pop("rows", 4), "spellcheck": "false", "class": "mono"}), **more)  # fmt: skip

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return "\n".join(f"{key}: {size_words(one) if self.is_size else one}" for key, one in value.items())

    def to_python(self, value: Any) -> Any:
        found: dict[str, Any] = {}
        for line in (super().to_python(value) or "").splitlines():
            key, colon, text = (part.strip() for part in line.partition(":"))
            if not line.strip():
                continue
            if not colon or not key:
                raise forms.ValidationError(f"Write a name, a colon and what belongs to it. This line has none: {line[:60]}", code="wrong_form")  # fmt: skip
            if key in found:
                raise forms.ValidationError(f"{key[:60]} stands twice.", code="twice")
            found[key] = self._one(text)
        return found

    def _one(self, text: str) -> Any:
        if self.is_size:
            return bytes_of(text)
        if not self.is_number:
            return text
        try:
            return float(text)
        except ValueError as error:
            raise forms.ValidationError(f"{text[:60]} is no number.", code="not_a_number") from error


class WordsField(forms.CharField):
    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [word.strip() for word in (super().to_python(value) or "").split(",") if word.strip()]


def _line(label: str, help_text: str = "", *, required: bool = False) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, required=required, max_length=600, widget=widget)


def _whole(label: str, help_text: str = "", *, required: bool = False) -> WholeField:
    return WholeField(label=label, help_text=help_text, required=required, min_value=0, max_value=10**9)


def _peak(label: str) -> NumberField:
    return NumberField(label=label, required=False, min_value=0)


class DeviceForm(forms.Form):
    name = _line("Name", required=True)
    kind = _line("Kind", "single-board computer, microcontroller", required=True)
    tier = forms.ChoiceField(label="Tier", choices=[(tier, tier) for tier in TIERS], initial="mobile")
    board = _line("Board", "What calibrations are kept for: small letters and hyphens.")
    note = _line("Note")
    cores = _whole("Cores", required=True)
    clock_mhz = _whole("Clock, MHz", required=True)
    isa = _line("Instruction set", "ARMv8-A, NEON", required=True)
    peak_fp32_gflops = _peak("Peak, fp32")
    peak_fp16_gflops = _peak("Peak, fp16")
    peak_int8_gops = _peak("Peak, int8")
    compute_dtypes = WordsField(label="Computes only in", help_text="int8, uint8; empty: anything.", required=False)
    accelerator = _line("Accelerator")
    accelerator_memory_bytes = SizeField(label="Memory of its own", required=False)
    accelerator_peaks = LinesField(
        label="Its peaks", help_text="fp16_gflops: 472", required=False, is_number=True, rows=3
    )
    ram_bytes = SizeField(label="RAM")
    system_bytes = SizeField(label="Kept by the system")
    memory_bandwidth_mb_s = _whole("Bandwidth, MB/s")
    storage = _line("Storage", "microSD card")
    flash_bytes = SizeField(label="Flash", help_text="Where it limits; empty: it never does.", required=False)
    weights_in_ram = forms.BooleanField(
        label="Weights are copied to RAM",
        help_text="Off: they are read in place from flash.",
        required=False,
        initial=True,
    )
    runtimes = forms.MultipleChoiceField(
        label="Runtimes that run on it",
        choices=[(name, name) for name in RUNTIMES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    formats = LinesField(label="What loads a format", help_text="onnx: onnxruntime")
    runtime_bytes = LinesField(label="RAM of a runtime", help_text="tflite: 6 MiB", is_size=True)
    runtime_flash_bytes = LinesField(
        label="Flash of a runtime", help_text="Where flash limits.", required=False, is_size=True
    )
    idle_mw = _whole("Idle, mW")
    loaded_mw = _whole("Under load, mW")
    power_at = forms.ChoiceField(label="Metered", choices=[(one, POWER_WORDS[one]) for one in POWER_AT], required=False)
    nominal_current_ma = _whole("Nominal current, mA", "For the budget of one charge.")
    sources = LinesField(label="Sources", rows=12)

    def groups(self) -> list[dict[str, Any]]:
        return [
            {"title": title, "note": NOTES.get(title, ""), "fields": [self[name] for name in names]}
            for title, names in GROUPS
        ]

    def values(self) -> Values:
        """As a profile file holds them."""
        data = self.cleaned_data
        return {name: _plain(data[name]) for name in KEYS if data.get(name) is not None}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        try:
            profile_of("new", self.values())
        except ProfileFaults as error:
            self._take(error, told=frozenset(self.errors))
        return found

    def _take(self, error: ProfileFaults, *, told: frozenset[str]) -> None:
        """Each fault beside its field; one that is of no field above all. told: fields that could not be read and say so already."""
        for fault in error.faults:
            field = fault.key.partition(".")[0]
            if field in told:
                continue
            said = fault.sentence if field == "sources" else KEY.sub(self._label, fault.sentence)
            said = said[:1].upper() + said[1:]
            self.add_error(field if field in self.fields else None, forms.ValidationError(said, code="bad_profile"))

    def _label(self, key: re.Match[str]) -> str:
        """What the page calls a key of the file."""
        field = self.fields.get(key[0])
        return str(field.label) if field else key[0]


def _plain(value: Any) -> Any:
    """Whole numbers without a point, as the file writes them."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _slug() -> forms.CharField:
    """Read by the service, which knows what is taken."""
    return forms.CharField(
        label="Name in addresses", max_length=40, help_text="Small letters, digits and hyphens: jetson-orin. It stays.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip


class NewDeviceForm(DeviceForm):
    slug = _slug()


class FileForm(forms.Form):
    """A profile file, or its text; the view reads it, so that each fault has its line."""

    slug = _slug()
    file = forms.FileField(
        label="Profile file", required=False, help_text="YAML, at most 64 KiB.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )  # fmt: skip
    text = forms.CharField(
        label="or its text", required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
    )  # fmt: skip
