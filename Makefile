# The commands of this repository. `make` alone lists them.

export PATH := $(HOME)/.cargo/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test check lint guard format second-opinion bench bench-10m bench-accounts

help: ## list the commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 23

run: ## install what is missing, build, start with demo data, print a sign-in link
	@scripts/run

test: ## install what the tests need, and run all of them
	@scripts/test

check: lint test guard ## what CI runs: lint and test; and what answers cost now and before

lint: ## formatting, clippy, documentation, licences and sources of dependencies
	@scripts/lint

guard: ## count the instructions of questions and writes, beside those of the commit before
	@timeout 1500 bench/guard || echo "Instructions were not counted to the end: nothing fails for it"

format: ## format the Rust code
	cargo fmt --all

second-opinion: ## compute the insights with pandas, lifelines and statsmodels, and fail where what stands is different
	@scripts/second-opinion

bench: ## measure a release build beside its peers, at 100,000 and 1,000,000 (needs a quiet machine)
	@bench/run 100000
	@bench/run 1000000

bench-10m: ## the same at 10,000,000, born as they are (an hour, 45 GB of disk, 24 GB of memory)
	@TINYCRM_BENCH_STEPS="$(or $(TINYCRM_BENCH_STEPS),check peers fresh busy)" bench/run 10000000

bench-accounts: ## what many accounts cost: ACCOUNTS of them (5000)
	@bench/accounts $(or $(ACCOUNTS),5000)
