# Milliamp. Two commands matter: `make run` and `make test`. Everything else is called by them or explained in CONTRIBUTING.md.

PORT ?= 8000
DATA_DIR ?= $(CURDIR)/.data
DEMO ?= 1
TORCH_INDEX ?=
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
REQUIRE ?=
VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
export DATA_DIR DEMO REQUIRE

.PHONY: run test check figures audit clean
.DEFAULT_GOAL := run

# The environment is made again only when what it is made from changed: the stamp holds the hash of the requirements.
define install
	@set -e; \
	command -v "$(PYTHON)" >/dev/null || { echo "Milliamp needs Python 3.11 or newer; $(or $(PYTHON),none) was not found. Install it, or say make PYTHON=/path/to/python3.11."; exit 2; }; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Milliamp needs Python 3.11 or newer; $(PYTHON) is older. Say make PYTHON=/path/to/python3.11."; exit 2; }; \
	want=$$(cat $(1) | sha256sum | cut -c1-32); stamp="$(VENV)/.installed-$(2)"; \
	if [ ! -f "$$stamp" ] || [ "$$(cat "$$stamp")" != "$$want" ]; then \
		free=$$(df -Pm "$(CURDIR)" | awk 'NR==2 {print $$4}'); installed=$$(test -d "$(VENV)/lib" && echo 1 || echo 0); \
		if [ "$$installed" = 0 ] && [ "$$free" -lt 3000 ]; then echo "Only $$free MiB are free here; the packages need about 3000 MiB. Make room, and run it again."; exit 2; fi; \
		echo "installing packages into .venv (the first time takes a few minutes)"; \
		"$(PYTHON)" -m venv "$(VENV)" || { echo "Python's venv module is missing: install python3.11-venv."; exit 2; }; \
		if [ -n "$(TORCH_INDEX)" ]; then "$(PY)" -m pip install -q --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' requirements.txt)"; fi; \
		"$(PY)" -m pip install -q --disable-pip-version-check $(foreach file,$(1),-r $(file)) 2> "$(VENV)/pip.log" || { cat "$(VENV)/pip.log"; echo "The packages could not be installed; see the lines above."; exit 2; }; \
		echo "$$want" > "$$stamp"; \
	fi
endef

run:
	$(call install,requirements.txt,run)
	@exec "$(PY)" manage.py up --port "$(PORT)"

test: check
	@"$(PY)" -m tests.run

check:
	$(call install,requirements.txt tests/requirements.txt,test)
	@"$(VENV)/bin/ruff" check .
	@"$(VENV)/bin/ruff" format --check -q .
	@"$(VENV)/bin/mypy"
	@PYTHONPATH=. "$(VENV)/bin/lint-imports" > "$(VENV)/lint-imports.log" 2>&1 || { cat "$(VENV)/lint-imports.log"; exit 1; }
	@"$(VENV)/bin/djlint" templates --lint --quiet
	@"$(PY)" manage.py makemigrations --check --dry-run
	@"$(PY)" manage.py check

# The long proofs, and the benchmarks that print a table each.
figures: check
	@"$(PY)" -m tests.load.start
	@"$(PY)" -m tests.load.submit_to_result
	@"$(PY)" -m tests.load.queue_fairness
	@"$(PY)" -m tests.load.killed_workers
	@"$(PY)" -m tests.load.matching
	@"$(PY)" -m tests.load.result_page
	@"$(PY)" -m tests.load.class_front
	@"$(PY)" -m tests.load.upload
	@"$(PY)" -m tests.load.late_days
	@"$(PY)" -m tests.load.reservations
	@"$(PY)" -m tests.load.runner_faults
	@"$(PY)" -m tests.runner_protocol --enroll "$(PY) -m hardware.ondevice.runner enroll --site {site} --code {code} --folder {folder}" \
		--agent "$(PY) -m hardware.ondevice.runner run --folder {folder}"
	@"$(PY)" -m tests.load.virtual_board
	@"$(PY)" -m tests.load.old_pythons
	@"$(PY)" -m tests.load.loan_desk
	@"$(PY)" -m tests.load.bench_overhead
	@"$(PY)" -m tests.load.ten_times
	@"$(PY)" manage.py calibrate --report
	@"$(PY)" -m tests.load.training_step
	@"$(PY)" -m tests.load.tiny_on_devices
	@"$(PY)" -m tests.load.bad_files
	@"$(PY)" -m tests.load.instruction_count
	@"$(PY)" -m tests.load.limits
	@SCHEMA_EXAMPLES=40 "$(PY)" -m pytest -q -s tests/schema
	@"$(PY)" -m tests.load.arm64
	@EVERY_LEVEL=1 "$(PY)" -m pytest -q tests/hostile/test_sandbox_attacks.py tests/hardware/inventory/test_any_order.py

# pip-audit says "no known vulnerabilities" also when it could ask nobody: --strict makes that a failure, and we say so.
audit:
	$(call install,requirements.txt tests/requirements.txt,test)
	@"$(VENV)/bin/pip-audit" --strict -r requirements.txt || echo "not audited, or holes found: read the lines above"

clean:
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache
