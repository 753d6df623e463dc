# SPDX-License-Identifier: Apache-2.0
# For those who type make: every target is a step of ./dev.
STEPS := run build test lint format docs bench fuzz install clean help

.PHONY: all $(STEPS)
all: build
$(STEPS):
	@./dev $@ $(ARGS)
