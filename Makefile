# Everything a contributor does. Each line below that ends in ## is shown by `make help`.
UV := infra/uv
RUN := $(UV) run --no-sync

# Where this is set, as some build images do, every process compiles all its imports anew: seconds for each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup sync check test test-chaos test-load test-scale test-images test-cluster test-changed test-wheels test-lowest \
	audit release bench demo images cluster-up cluster-down docs docs-serve format clean

help: ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 12

setup: ## install what is missing: PostgreSQL, RabbitMQ, Temporal, the Python environment
	@infra/bootstrap

# What somebody installed beside the workspace, such as handlers of their own, stays: --inexact.
sync:
	@$(UV) sync --all-packages --inexact --quiet $(if $(filter true,$(CI)),--locked)

check: sync docs ## lint, formatting, types, layers, the documentation's links
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) pyright
	$(RUN) lint-imports

test: setup ## run all tests against real servers
	@infra/kustomize || echo "The tests of infra/kubernetes will fail." >&2
	$(RUN) pytest -n auto --dist worksteal

test-chaos: setup ## kill everything at random under 500 runs, and see that all end as they should; minutes
	$(RUN) python tests-e2e/chaos/chaos.py

test-load: setup ## publish 10,000 events over a slow Temporal, and show what was measured
	ICHOR_LOAD_EVENTS=10000 $(RUN) pytest -s tests-e2e/load

test-scale: setup ## run graphs of up to 20,000 actions, wide, deep and long, and show what was measured; minutes
	ICHOR_SCALE=full $(RUN) pytest -s tests-e2e/scale

test-images: setup ## build the images and run them on real servers; starts a Docker engine where none answers; minutes
	@tests-e2e/images/suite

test-cluster: setup ## bring everything up on a cluster, kill, scale and roll it under load, and see that no run is lost; minutes
	$(RUN) pytest -s -o python_files='story_*.py' tests-e2e/cluster

test-changed: setup ## run the tests that a change concerns: SINCE=origin/main
	$(RUN) pytest -n auto --dist worksteal $$($(RUN) python tests-e2e/release/members.py --since $(or $(SINCE),origin/main))

test-wheels: sync ## build each package alone, and run its wheel in an empty environment; minutes
	$(RUN) pytest tests-e2e/release/wheels.py

test-lowest: sync ## run unit tests with the lowest versions that each package declares; minutes
	$(RUN) pytest tests-e2e/release/lowest.py

audit: ## look for advisories about what is locked, and see that the lock can be trusted
	@infra/audit

release: ## tag a release: MEMBER=ichor-models VERSION=1.2.0
	@infra/release $(MEMBER) $(VERSION)

bench: setup ## measure the engine; ONLY=shapes for one part, ARGS="--rounds 15 --full" for more
	$(RUN) python tests-e2e/bench/bench.py $(if $(ONLY),--only $(ONLY)) $(ARGS)

demo: setup ## start everything and run the sample rules
	$(RUN) python tests-e2e/demo/demo.py

# Without a notice of MkDocs' makers in every build.
export NO_MKDOCS_2_WARNING := 1

docs: sync ## build the documentation into site/; a link that leads nowhere or a page that nothing names is an error
	$(RUN) mkdocs build

docs-serve: sync ## show the documentation on http://127.0.0.1:8000 and follow its changes
	$(RUN) mkdocs serve

images: ## build the images of worker, trigger and command line by Docker; TAG=name, default the commit
	@infra/images

cluster-up: ## bring everything up on a cluster of KIND, servers included (docs/kubernetes.md)
	@infra/cluster up

cluster-down: ## remove that cluster
	@infra/cluster down

format: sync ## mend what can be mended automatically
	$(RUN) ruff check --fix
	$(RUN) ruff format

clean: ## remove what was made here; caches in the home folder stay
	rm -rf .venv dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
