# Milliamp. Two commands matter: `make run` and `make test`. Everything else is called by them or explained in CONTRIBUTING.md.

PORT ?= 8000
DATA_DIR ?= $(CURDIR)/.data
DEMO ?= 1
TORCH_INDEX ?=
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
REQUIRE ?=
VENV := $(CURDIR)/.venv
comma := ,
PY := $(VENV)/bin/python
export DATA_DIR DEMO REQUIRE

.PHONY: run test check types rules figures docs messages audit clean
.DEFAULT_GOAL := run

# The environment is made again only when what it is made from changed: the stamp holds the hash of the requirements. All processors compile
# it, which pip does with one; a sandbox may not, and would at each start.
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
		"$(PY)" -m pip install -q --disable-pip-version-check --no-compile $(foreach file,$(1),-r $(file)) 2> "$(VENV)/pip.log" || { cat "$(VENV)/pip.log"; echo "The packages could not be installed; see the lines above."; exit 2; }; \
		"$(PY)" -m compileall -q -j 0 -x '/tests?/' "$(VENV)/lib" >/dev/null 2>&1 || true; \
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
	@$(MAKE) --no-print-directory -j2 types rules

# The half of `check` that takes as long as all the others.
types:
	@"$(VENV)/bin/mypy"

rules:
	@"$(VENV)/bin/ruff" check .
	@"$(VENV)/bin/ruff" format --check -q .
	@PYTHONPATH=. "$(VENV)/bin/lint-imports" > "$(VENV)/lint-imports.log" 2>&1 || { cat "$(VENV)/lint-imports.log"; exit 1; }
	@"$(VENV)/bin/djlint" templates --lint --quiet
	@"$(PY)" manage.py makemigrations --check --dry-run
	@"$(PY)" manage.py check

# The long proofs and the benchmarks: each prints its tables and writes its section of docs/figures.md; one that fails stops no other.
# make figures ONLY=faults,limits, or FROM=faults to go on there, or SMALL=1 for the small form of each.
figures: check
	@"$(PY)" -m tests.load.figures $(subst $(comma), ,$(ONLY)) $(if $(FROM),--from $(FROM)) $(if $(SMALL),--small)

# The catalogue of texts that are marked for translation, and the languages: make messages LANGUAGE=de begins one. Needs gettext (msgfmt, xgettext).
messages:
	$(call install,requirements.txt tests/requirements.txt,test)
	@"$(PY)" manage.py messages -v 0 $(LANGUAGE)

# The documents as a site of their own, in docs/_site.
docs:
	$(call install,requirements.txt tests/requirements.txt,test)
	@"$(PY)" -m sphinx -q -W -n docs docs/_site
	@echo "docs/_site/index.html"

# pip-audit says "no known vulnerabilities" also when it could ask nobody: --strict makes that a failure, and we say so.
audit:
	$(call install,requirements.txt tests/requirements.txt,test)
	@"$(VENV)/bin/bandit" -q -c pyproject.toml -r courseplatform grading hardware manage.py 2> "$(VENV)/bandit.log" && echo "bandit: clean"
	@"$(VENV)/bin/pip-audit" --strict -r requirements.txt || echo "pip-audit: not audited, or holes found: read the lines above"

clean:
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache
