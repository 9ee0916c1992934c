# The commands of this repository. `make` alone lists them.

export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test check lint format bench

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: ## install what is missing, build, start with demo data, print a sign-in link
	@scripts/run

test: ## install what the tests need, and run all of them
	@scripts/test

check: lint test ## what CI runs: lint and test

lint: ## formatting, clippy, documentation, licences and sources of dependencies
	@scripts/lint

format: ## format the Rust code
	cargo fmt --all

bench: ## measure a release build (needs a quiet machine)
	@bench/run
