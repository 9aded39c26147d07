# Thin: the work is in bin/prepare (install and build), install/ (run) and the scripts of package.json (check).
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help up down status uninstall demo build test test-quick test-agents bench lint format clean

RUN := node install/dist/main.js

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: build ## install what is missing, start everything in the background, say what to try next
	@$(RUN) up

down: ## stop everything, keep the data
	@bin/prepare built
	@$(RUN) down

status: ## what runs, versions, policy version of each gateway (ARGS=--json for programs)
	@bin/prepare built
	@$(RUN) status $(ARGS)

uninstall: ## stop everything and remove the data, after asking (YES=1 does not ask)
	@bin/prepare built
	@YES=$(YES) $(RUN) uninstall

demo: build ## allow, deny and revoke against a pretend provider, step by step
	@$(RUN) demo

build: ## install packages if the lock file changed, build what changed
	@bin/prepare build

test: build ## everything CI checks
	@bin/prepare check format docs lint typecheck deps unused test:unit test:envoy

test-quick: build ## the same without starting real gateways
	@bin/prepare check format docs lint typecheck deps unused test:unit

test-agents: build ## run OpenClaw and hermes-agent through a real gateway (installs them, about 800 MB)
	@bin/prepare check test:agents

bench: build ## measure against plain Envoy and others (BENCH_ONLY=name: one part)
	@node test/dist/bench/main.js

lint: build ## lint, types, dependency directions, unused code
	@bin/prepare check lint typecheck deps unused

format: ## format all files
	@bin/prepare packages
	@npm run --silent format:fix

clean: ## remove everything that was built or installed into the clone (not the data)
	rm -rf node_modules coverage packages/*/dist policy-server/dist install/dist test/dist gateway-plugins/*/dist gateway-plugins/*/build
