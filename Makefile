# What can be done with Uraniborg from a checkout. setup/prepare makes the machine ready, each time only as far as it is not.

.DEFAULT_GOAL := help
.PHONY: help demo test test-real bench soak lint format lock clean
.PHONY: check-lint check-tests check-real check-bench check-soak

WORKERS ?= 2
# Where setup/prepare works for root when the checkout lies in a closed folder.
COPY := /var/lib/uraniborg/checkout
RUN  := @setup/prepare run
TEST := @setup/prepare test $(MAKE) --no-print-directory
# One version of everything for all Pythons from 3.11.0 on; no index, host or folder of this machine in the result.
COMPILE := .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' pyproject.toml
PYTEST := .venv/bin/python -m pytest -q

help:  ## this list
	@sed -En 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo:  ## install what is missing and run the demonstration archive on http://127.0.0.1:8000
	$(RUN) .venv/bin/uraniborg demo

test:  ## lint, types, import and documentation rules, all tests but the long ones
	$(TEST) check-lint check-tests

test-real:  ## the tests over the real files in $URANIBORG_DATA
	@test -d "$$URANIBORG_DATA" || { echo 'make test-real: set URANIBORG_DATA to the folder of real files' >&2; exit 1; }
	$(TEST) check-real

bench:  ## measure what docs/ states in figures
	$(TEST) check-bench

soak:  ## the long runs: fuzzing, big tables, many repetitions
	@setup/prepare soak $(MAKE) --no-print-directory check-soak

lint:  ## ruff and mypy only
	$(TEST) check-lint

format:  ## let ruff rewrite the code
	@setup/prepare test .venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock:  ## resolve the dependencies in pyproject.toml anew into requirements/*.txt, with hashes
	@setup/prepare test .venv/bin/python -m pip install -q uv
	$(COMPILE) --group build -o requirements/runtime.txt
	$(COMPILE) --group build --group development -o requirements/development.txt

clean:  ## remove the environment, the demonstration archive and all else that can be made again
	@for file in $$(find var -name postmaster.pid 2>/dev/null); do \
	    if test -d "/proc/$$(head -n 1 "$$file")"; then echo "a database runs in $${file%/*}: end it first" >&2; exit 1; fi; \
	done
	rm -rf .venv var build archive/wire/wire.so *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@test ! -w $(COPY) || rm -rf $(COPY)

# What the targets above run once the machine is ready.

check-lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# Each worker goes through a part of the suite in order, so that what many tests share is seldom made twice.
check-tests:
	$(PYTEST) -n $(WORKERS) --dist worksteal

check-real:
	$(PYTEST) -n $(WORKERS) --dist worksteal -m real

check-bench:
	$(PYTEST) -m bench -s -o faulthandler_timeout=0

check-soak:
	$(PYTEST) -n $(WORKERS) --hypothesis-profile=soak -m 'soak or hypothesis' -o faulthandler_timeout=0
