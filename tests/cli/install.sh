#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# make install installs all or nothing, and names the packages that are missing.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

# A copy, so that nothing is built into the tree that is tested
cp -r "$ROOT/Makefile" "$ROOT/Kbuild" "$TMP/"
cp -r "$ROOT/kmod" "$ROOT/userspace" "$TMP/"
rm -rf "$TMP/userspace/build"

# makes ARGUMENT...: sets status and err, as run does
makes() {
	make --no-print-directory -C "$TMP" "$@" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	out=$(<"$TMP/.out")
	err=$(<"$TMP/.err")
}

# files: what was installed
files() { [ ! -d "$TMP/dest" ] || find "$TMP/dest" -type f; }

makes install KVER=0.0-none DESTDIR="$TMP/dest"
is "$status $(files)" "2 " "without the kernel's headers nothing is installed"
like "$err" 'apt install linux-headers-0.0-none' "and the package that is missing is named"
like "$err" 'make install-tools' "and how to install the tool alone"

makes -C userspace PKG_CONFIG=false
like "$status $err" '^2 .*libraries are missing \(smartcols json-c libudev libkmod mount\): apt install libsmartcols-dev libjson-c-dev libudev-dev libkmod-dev libmount-dev' \
	"libraries that are missing are named by their packages"
makes -C userspace PKG_CONFIG=/nonexistent/pkg-config
like "$status $err" '^2 .*/nonexistent/pkg-config is missing.*apt install pkg-config' "pkg-config itself, too"
makes -C userspace clean PKG_CONFIG=false
is "$status" 0 "make clean needs no libraries"

if have pkg-config && pkg-config --exists smartcols json-c libudev libkmod mount; then
	makes install-tools KVER=0.0-none DESTDIR="$TMP/dest"
	is "$status $(files | sed "s|^$TMP/dest||" | sort | tr '\n' ' ')" \
		"0 /usr/lib/udev/rules.d/60-persistent-storage-vhdx.rules /usr/sbin/vhdxctl /usr/share/bash-completion/completions/vhdxctl /usr/share/man/man8/vhdxctl.8 " \
		"make install-tools installs the tool without headers"
else
	skip "make install-tools installs the tool without headers" "no libraries"
fi

done_testing
