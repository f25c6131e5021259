# Each target does its own set-up on Debian 12 (the machine has Go 1.26 or newer), prints what it does, and ends with one line
# that holds the figure.

SHELL      := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BUILD_DEPS := g++ make pkg-config libopencv-dev libavcodec-dev libavformat-dev libavutil-dev
RENDER_DEPS := python3-opencv python3-numpy python3-pil fonts-roadgeek fonts-routed-gothic fonts-opendin fonts-dejavu fonts-liberation \
              fonts-roboto-unhinted fonts-urw-base35 fonts-lato fonts-national-park fonts-bebas-neue fonts-cabin fonts-dancingscript \
              fonts-kaushanscript fonts-leckerli-one fonts-league-spartan fonts-linuxlibertine fonts-lobster fonts-lobstertwo \
              fonts-oldstandard fonts-rufscript fonts-vollkorn fonts-yanone-kaffeesatz
TEST_DEPS  := $(BUILD_DEPS) $(RENDER_DEPS) mosquitto mosquitto-clients ffmpeg chromium systemd python3
# What the names of states are set in; a missing face narrows the lettering, it stops nothing.
NAME_FONTS := fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius fonts-adf-irianis \
              fonts-adf-libris fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande fonts-adf-solothurn fonts-adf-switzera \
              fonts-adf-tribun fonts-adf-universalis fonts-adf-verana fonts-aenigma fonts-allerta fonts-arapey fonts-averia-serif-gwf \
              fonts-bajaderka fonts-beteckna fonts-breip fonts-bwht fonts-cabinsketch fonts-cantarell fonts-century-catalogue fonts-cmu \
              fonts-comfortaa fonts-comic-neue fonts-dejavu-extra fonts-dkg-handwriting fonts-dosis fonts-dustin fonts-ebgaramond \
              fonts-ecolier-court fonts-essays1743 fonts-femkeklaver fonts-georgewilliams fonts-gfs-artemisia fonts-gfs-bodoni-classic \
              fonts-gfs-didot fonts-gfs-gazis fonts-goudybookletter fonts-havana fonts-humor-sans fonts-inter fonts-isabella fonts-joscelyn \
              fonts-junction fonts-jura fonts-karla fonts-klaudia-berenika fonts-klee fonts-kristi fonts-league-mono fonts-levien-museum \
              fonts-levien-typoscript fonts-linex fonts-manrope fonts-okolaks fonts-open-sans fonts-oxygen fonts-paratype fonts-play \
              fonts-quicksand fonts-radisnoir fonts-rampart fonts-roboto-slab fonts-sjfonts fonts-staypuft fonts-summersby \
              fonts-tomsontalks fonts-train fonts-tuffy fonts-yusei-magic
TRAIN_DEPS := $(RENDER_DEPS) $(NAME_FONTS) python3-torch python3-onnx ffmpeg
ALPRD_SHARED ?= $(abspath ../shared)
export ALPRD_SHARED

.PHONY: help build install demo test crash loss bench accuracy fuzz train security clean
help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# debs installs those of its packages that are missing; on a machine that has them it takes a blink.
define debs
	@exec >&2; missing=""; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$sudo apt-get update -q >/dev/null; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >/dev/null; \
	fi
	@command -v go >/dev/null || { echo "error: go is not installed"; echo "hint:  install Go 1.26 or newer from https://go.dev/dl"; exit 1; }
endef

build: ## bin/alprd and bin/alprctl, and ONNX Runtime's library where npm can fetch it
	$(call debs,$(BUILD_DEPS))
	@mkdir -p bin
	@echo "go build -o bin/ ./cmd/alprd ./cmd/alprctl" >&2; go build -o bin/ ./cmd/alprd ./cmd/alprctl >&2
	@scripts/onnxruntime bin
	@ls -l bin/alprd bin/alprctl | awk '{printf "built %s (%.1f MB)\n", $$9, $$5/1e6}' >&2

demo: build ## the product in one minute; DEMO='--for 60s', DEMO=--json
	@./bin/alprd demo $(DEMO)

test: ## everything that CI runs
	$(call debs,$(TEST_DEPS))
	@scripts/onnxruntime bin
	@test -z "$$(gofmt -l cmd internal docs)" || { echo "error: gofmt would change:"; gofmt -l cmd internal docs; exit 1; }
	go vet ./...
	/usr/bin/python3 training/check.py
	@start=$$(date +%s); go test -timeout 20m ./... ; \
	$(MAKE) --no-print-directory security; \
	echo "test: green in $$(( $$(date +%s) - start )) s"

security: ## exposure of the systemd unit, at most 1.5
	$(call debs,systemd)
	@systemd-analyze security --offline=true --threshold=15 --no-pager systemd/alprd.service | tail -1

crash: ## power lost at STATES random moments of random lives of the store
	$(call debs,$(BUILD_DEPS))
	@ALPRD_STATES=$${STATES:-1000} go test -count 1 -v -timeout 60m -run TestCrashStates ./internal/store | grep -o 'crash: .*'

loss: ## ALERTS alerts over KILLS kills and cuts of the uplink, with a naive client as control
	$(call debs,$(BUILD_DEPS) mosquitto)
	@ALPRD_LOSS_ALERTS=$(ALERTS) ALPRD_LOSS_KILLS=$(KILLS) go test -count 1 -v -timeout 60m -run TestNothingIsLost ./internal/uplink | grep -o 'loss: .*'

install: build ## into DESTDIR: programs, ONNX Runtime's library, licences, the systemd unit, sample configuration
	@for p in alprd alprctl; do install -D bin/$$p $(DESTDIR)/usr/bin/$$p; done
	@if [ -f bin/libonnxruntime.so.1 ]; then install -D -m 644 bin/libonnxruntime.so.1 $(DESTDIR)/usr/lib/alprd/libonnxruntime.so.1; \
	  install -D -m 644 licences/onnxruntime.txt $(DESTDIR)/usr/share/doc/alprd/licences/onnxruntime.txt; fi
	@install -D -m 644 LICENSE $(DESTDIR)/usr/share/doc/alprd/LICENSE
	@install -D -m 644 README.md $(DESTDIR)/usr/share/doc/alprd/README.md
	@install -D -m 644 systemd/alprd.service $(DESTDIR)/usr/lib/systemd/system/alprd.service
	@install -D -m 644 systemd/alprd.sysusers $(DESTDIR)/usr/lib/sysusers.d/alprd.conf
	@install -D -m 644 systemd/alprd.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/alprd.conf
	@for f in $$(cd configs && find . -name '*.yaml'); do install -D -m 644 configs/$$f $(DESTDIR)/usr/share/doc/alprd/configs/$$f; done
	@echo "install: $$(find $(DESTDIR)/usr/lib/alprd -type f 2>/dev/null | wc -l) library, $$(ls -l bin/alprd | awk '{print $$5}') bytes of program"

bench: ## every benchmark with its rivals, in one run; writes docs/benchmarks.md
	$(call debs,$(TEST_DEPS))
	@scripts/bench

accuracy: build ## scores every set under ../shared/data that is there; writes docs/accuracy.md
	$(call debs,$(RENDER_DEPS) ffmpeg python3)
	@scripts/accuracy

fuzz: ## every fuzz target in turn, TIME each
	$(call debs,$(BUILD_DEPS))
	@n=0; for t in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //'); do \
	  go test -run '^$$' -fuzz "^$${t#*:}$$" -fuzztime $${TIME:-30s} "./$$(dirname $${t%%:*})"; n=$$((n+1)); done; echo "fuzz: $$n targets, no failure"

train: ## the networks, from nothing (hours)
	$(call debs,$(TRAIN_DEPS))
	training/train.sh

clean: ## what was built
	rm -rf bin
