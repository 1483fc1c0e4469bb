# SPDX-License-Identifier: GPL-2.0-only
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# vhdx: Microsoft VHDX virtual disks as Linux block devices.
#
#	make		the module for the running kernel, and the tool
#	make install	both, or neither; as root
#	make install-tools  the tool alone; as root
#	make demo	make an image, attach it in a virtual machine, mount it
#			make demo IMAGE=disk.vhdx does it with your own, read-only
#	make check	all tests: on this machine, and in virtual machines
#			on Linux 6.1, and a slice of these on 6.12 and 7;
#			KERNELS="7 6.1" for others
#	make test-list	each test, and what it proves
#	make test CASE=write  one of them, each claim shown; CLAIM="some words" only
#			claims with these, KERNEL=6.12, SEED=17; tests/README.md
#	make check-quick  those that need no virtual machine, in some minutes
#	make check-suite  the whole guest suite on each of KERNELS
#	make check-long	  that, with everything tried for hours
#	make check-debug  the guest tests on a kernel with KASAN, lockdep and so on
#	make check-slice  a few of them, chosen by SEED or the number of commits
#	make check-kcsan  what has threads, on a kernel that looks for data races
#	make bench	against loop, the raw file, qemu-nbd and vhdimount: in
#			instructions, and by the clock; tests/bench/README.md
#	make bench-short  the hot path in instructions: dearer than it was?
#	make bench-accept  what it costs now is what it was
#	make bench-compare  OLD=one.json NEW=other.json, results of make bench
#	make fuzz	the fuzzers, SECONDS_EACH=60 each
#	make coverage	of the format core by its unit tests
#	make hooks	git runs the quick lint before each commit
#	make module, make tools, make clean, make help
#
# demo and check, as root on Debian 12 or 13, install what they need.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KERNELS ?= 6.1 6.12 7
DESTDIR ?=
SECONDS_EACH ?= 60
IMAGE ?=
SEED ?=
CASE ?=
CLAIM ?=
KERNEL ?=
V ?=

export V

all: tools module-if-possible

tools:
	@$(MAKE) --no-print-directory -C userspace

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# A machine to build the tool or to run `make demo` on needs no headers.
module-if-possible:
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) --no-print-directory module; \
	else echo "module: not built, there are no headers for $(KVER) (linux-headers-$(KVER))"; fi

# All or nothing: nothing is installed before both are built.
install: need-headers tools module
	$(MAKE) --no-print-directory -C userspace install DESTDIR=$(DESTDIR)
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates modules_install
	[ -n "$(DESTDIR)" ] || depmod -a $(KVER)

need-headers:
	@[ -e $(KDIR)/Makefile ] || { \
	echo "install: nothing is installed: to build the module for $(KVER) its headers are needed, in $(KDIR):" >&2; \
	echo "	apt install linux-headers-$(KVER)" >&2; \
	echo "the tool alone is installed by: make install-tools" >&2; exit 1; }

install-tools: tools
	$(MAKE) --no-print-directory -C userspace install DESTDIR=$(DESTDIR)

demo:
	@tests/vm/packages build vm demo
	@$(MAKE) --no-print-directory -C userspace
	@tests/run demo $(if $(IMAGE),'$(IMAGE)')

check:
	@tests/run all $(KERNELS)

test-list:
	@tests/run list

# The words of a claim may hold any character.
test: export CLAIM := $(CLAIM)
test:
	@tests/run test $(if $(KERNEL),-k '$(KERNEL)') $(if $(SEED),-s '$(SEED)') -c "$$CLAIM" '$(CASE)'

check-quick:
	@tests/run quick

check-suite:
	@tests/run suite $(KERNELS)

check-long:
	@tests/run long $(KERNELS)

check-debug:
	@tests/run debug

check-slice:
	@tests/run slice $(SEED)

check-kcsan:
	@tests/run kcsan

bench-needs:
	@tests/vm/packages build vm test

bench: bench-needs
	@tests/run bench

bench-short: bench-needs
	@tests/run bench-check

bench-accept: bench-needs
	@tests/run bench-check accept

bench-compare:
	@tests/run bench-compare '$(OLD)' '$(NEW)'

fuzz:
	@tests/vm/packages build test
	@tests/run fuzz $(SECONDS_EACH)

coverage:
	@tests/vm/packages build test
	@tests/run coverage

hooks:
	git config core.hooksPath .githooks

clean:
	rm -rf build tests/*/build
	$(MAKE) --no-print-directory -C userspace clean
	find kmod -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' | xargs -r rm -f
	rm -f Module.symvers modules.order .Module.symvers.cmd .modules.order.cmd kmod/modules.order

help:
	@sed -n '/SPDX/d;/^#/!q;s/^# \{0,1\}//p' Makefile | tail -n +2

.PHONY: all tools module module-if-possible install install-tools need-headers demo check test-list test \
	check-quick check-suite check-long check-debug check-slice check-kcsan bench-needs bench \
	bench-short bench-accept bench-compare fuzz coverage hooks clean help
