# The front door: every target makes what it needs, in .venv and .work. `make` alone lists them.
# Variables: PYTHON=/path/to/python picks the interpreter, VENV=folder another place for the virtual environment.
.PHONY: help demo demo-serve test matrix lint docs units contract chaos soak fuzz kill security report sanity \
	integration both_ways progress awx molecule build importer coverage bench picture clean
# ansible-test keeps its results in one place: two at once would mix them up.
.NOTPARALLEL:
export PYTHON VENV

DEMO = @sh tools/in_venv.sh demo
DEV = @sh tools/in_venv.sh dev

help: ## list the targets
	@sed -n 's/^\([a-z_-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r target text; do \
	    printf '  make %-12s %s\n' "$$target" "$$text"; done

demo: ## stage three clusters of a simulated vCenter, in three runs that tell a story, with a report of each
	$(DEMO) python demo/run.py

demo-serve: ## keep the simulated vCenter running and say how to use it by hand
	$(DEMO) python demo/run.py --serve

test: ## everything below but matrix and coverage, with a summary
	$(DEV) python -m tools test

matrix: ## sanity and units on each ansible-core since 2.16 (CORES="2.16 2.21" or CORES=ends for some)
	$(DEV) python -m tools matrix $(CORES)

lint: ## ruff, mypy, layers, yamllint, ansible-lint, documentation and changelog
	$(DEV) python -m tools lint

docs: ## antsibull-docs on modules, role and guides
	$(DEV) python -m tools docs

units: ## pytest with coverage, and ansible-test units
	$(DEV) python -m tools units

contract: ## the simulator's answers, read by the vendor's own Python bindings
	$(DEV) python -m tools contract

chaos: ## a few hundred seeds of faults at random, against the work function in simulated time
	$(DEV) python -m tools chaos

soak: ## as many seeds as asked: SEEDS=1000 (SEED=n begins with that one, and replays it with SEEDS=1)
	$(DEV) env PYTHONPATH=.work/link python -m ansible_collections.vsphere.lifecycle.tests.chaos \
	    --seeds $(or $(SEEDS),1000) --first $(or $(SEED),1) $(if $(JOBS),--jobs $(JOBS))

fuzz: ## damaged answers at random for every parser (TIMES=100: that many times as many, others in each run)
	$(DEV) env FUZZ_TIMES=$(or $(TIMES),1) python -m tools fuzz

kill: ## playbooks whose module is killed at some moment, and then run again (KILLS=50 of them, from SEED=1 on)
	$(DEV) env KILLS=$(KILLS) KILL_FIRST=$(SEED) python -m tools kill

security: ## hostile names and identifiers, secrets, old TLS, files: the promises of docs/security.md
	$(DEV) python -m tools security

report: ## the report of a rollout in headless Chromium, where the machine has one
	$(DEV) python -m tools report

picture: ## a picture of a page: PAGE=report.html PICTURE=report.png (WIDTH=1000, HEIGHT=1200)
	$(DEV) python -m tools.picture $(PAGE) $(PICTURE) $(if $(WIDTH),--width $(WIDTH)) $(if $(HEIGHT),--height $(HEIGHT))

sanity: ## ansible-test sanity
	$(DEV) python -m tools sanity

integration: ## ansible-test integration, against the simulator over TLS
	$(DEV) python -m tools integration

both_ways: ## the integration targets once more, with modules in Ansible's worker and as processes: the same results
	$(DEV) python -m tools both_ways

progress: ## what a reader sees while a staging runs, under ansible-playbook and under ansible-runner
	$(DEV) python -m tools progress

awx: ## the playbooks as AWX runs them, the play that tells AWX of them, and its image
	$(DEV) python -m tools awx

molecule: ## the scenarios of the role
	$(DEV) python -m tools molecule

build: ## the tarball in .work/dist, and a look at what is in it
	$(DEV) python -m tools build

importer: ## what Galaxy would say to the tarball
	$(DEV) python -m tools importer

coverage: ## coverage of unit and integration tests together, as text and .work/coverage.xml
	$(DEV) python -m tools coverage

bench: ## what staging costs, in figures beside their targets; not part of test (ONLY=1,2 for some parts, RUNS=5)
	$(DEV) env PYTHONPATH=.work/link python -m ansible_collections.vsphere.lifecycle.bench \
	    $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS)) $(if $(SIZES),--sizes $(SIZES)) \
	    $(if $(PEERS),--peers $(PEERS)) $(if $(LOOPS),--loops $(LOOPS))

clean: ## remove everything that make has made
	rm -rf "$$(sh tools/venv_place.sh)" "$$(sh tools/venv_place.sh)-matrix" .work .ansible .cache .mypy_cache \
	    .pytest_cache .ruff_cache .coverage
