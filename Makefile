# Everything a contributor runs. Only Go, make and git are needed: every tool is built from the version its module below
# tools/ pins, and kept in the user's cache.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

MODULES := . test/controlplane test/e2e

controller-gen := go tool -modfile=tools/controller-gen/go.mod controller-gen
golangci-lint  := go tool -modfile=$(CURDIR)/tools/lint/go.mod golangci-lint
tool           := go run -C test/controlplane ./cmd/tool

# What make generate writes.
GENERATED := $(wildcard apis/*/zz_generated.* apis/*/*/zz_generated.* package/*/crds/*.yaml package/configuration/definition-*.yaml)

.PHONY: help
help: ## Show what there is to run
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Start a control plane, install Graphplane, create a graph (ARGS=--once ends when it is Ready)
	go run -C test/controlplane ./cmd/demo $(ARGS)

.PHONY: test
test: ## Run every test, the end-to-end suite included
	mkdir -p _output/assets
	for t in etcd kube-apiserver crossplane crossplane-core; do ln -sfn "$$($(tool) $$t)" _output/assets/$$t; done
	KUBEBUILDER_ASSETS=$(CURDIR)/_output/assets \
	GRAPHPLANE_CROSSPLANE_CLI=$(CURDIR)/_output/assets/crossplane \
	GRAPHPLANE_CROSSPLANE_CORE=$(CURDIR)/_output/assets/crossplane-core \
	go test -timeout 30m ./...
	go test -C test/controlplane -timeout 20m ./...
	$(MAKE) e2e

.PHONY: e2e
e2e: ## Run the end-to-end suite: Graphplane, installed as users install it, on a real control plane
	go test -C test/e2e -timeout 40m ./...

.PHONY: test-fuzz
test-fuzz: ## Fuzz resolving and converting, a minute each
	go test ./function/graph -run '^$$' -fuzz FuzzResolve -fuzztime 60s
	go test ./function/wire -run '^$$' -fuzz FuzzStruct -fuzztime 60s

.PHONY: bench
bench: ## Measure calls of the function against their floor, the serving process, and the provider
	go test ./function -run '^$$' -bench . -benchtime 2s
	go test ./function/serve -run '^$$' -bench . -benchtime 3s
	mkdir -p _output/assets
	for t in etcd kube-apiserver; do ln -sfn "$$($(tool) $$t)" _output/assets/$$t; done
	KUBEBUILDER_ASSETS=$(CURDIR)/_output/assets go test ./provider -run '^$$' -bench . -benchtime 1x -timeout 60m

.PHONY: bench-cluster
bench-cluster: ## Measure graphs on a control plane: time to Ready, API writes
	go test -C test/e2e -timeout 60m -run '^$$' -bench Cluster -benchtime 1x .

.PHONY: lint
lint: ## Run the linters on every module
	for m in $(MODULES); do (cd $$m && $(golangci-lint) run ./...); done

.PHONY: generate
generate: ## Generate deep copies, accessors, CustomResourceDefinitions and CompositeResourceDefinitions from apis/
	go run ./cmd/accessors apis/etcd/v1alpha1 apis/nats/v1alpha1
	$(controller-gen) object paths=./apis/...
	$(controller-gen) crd:maxDescLen=100000 paths=./apis/input/... output:crd:dir=package/function/crds
	$(controller-gen) crd paths=./apis/etcd/... paths=./apis/nats/... output:crd:dir=package/provider/crds
	mkdir -p _output/crds && rm -f _output/crds/*
	$(controller-gen) crd:maxDescLen=100000,generateEmbeddedObjectMeta=true paths=./apis/v1alpha1 output:crd:dir=_output/crds
	go run ./cmd/xrdgen _output/crds package/configuration

.PHONY: check-diff
check-diff: ## Check that generated files and go.mod are up to date
	before=$$(sha256sum $(GENERATED)); $(MAKE) generate; after=$$(sha256sum $(GENERATED)); \
	[[ "$$before" == "$$after" ]] || { echo "generated files were out of date: commit what make generate wrote"; exit 1; }
	for m in $(MODULES); do go mod tidy -C $$m -diff; done

.PHONY: build
build: ## Build the commands into _output/bin
	mkdir -p _output/bin
	go build -o _output/bin ./cmd/...

.PHONY: packages
packages: ## Write the Crossplane packages for amd64 and arm64 to _output/packages
	go run ./package/build -crossplane "$$($(tool) crossplane)" -o _output/packages

.PHONY: control-plane
control-plane: ## Start a control plane with Graphplane installed and nothing else, until Ctrl-C
	go run -C test/controlplane ./cmd/controlplane -install $(ARGS)

.PHONY: clean
clean: ## Remove what was built here; tools stay in the user's cache
	rm -rf _output
