#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# On a read-only file system each verb has the same error code, and names what to do instead.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
if [ "${VHDX_MOUNTS-}" != own ]; then
	have unshare && unshare -rm true 2>/dev/null || skip_all "no mount namespaces"
	rm -rf "$TMP"
	VHDX_MOUNTS=own exec unshare -rm "$BASH" "$0"
fi
cd "$TMP" || exit 1
host=$TMP/host
mkdir "$host"
mount -t tmpfs -o size=64M none "$host" || skip_all "no tmpfs"
trap 'umount "$host"; rm -rf "$TMP"' EXIT

run create "$host/base.vhdx" 64M
run snapshot --keep-mode "$host/base.vhdx" "$host/child.avhdx"
run snapshot --keep-mode "$host/child.avhdx" "$host/grand.avhdx"
run create "$host/old.vhdx" 8M
run create here.vhdx 64M
mount -o remount,ro "$host"

# refused ADVICE CLAIM ARGUMENT...
refused() {
	local wanted=2
	run "${@:3}" -J
	[ "$3" != check ] || wanted=1	# not completed, as qemu-img check says it
	is "$status/$(json .error.code)" $wanted/READ_ONLY_FILESYSTEM "$2: the code is that of a read-only file system"
	like "$err" "read-only.*; $1" "$2: what to do is said"
}

refused 'use attach -r ' attach attach "$host/grand.avhdx"
refused 'use attach -r ' "attach --dry-run" attach --dry-run "$host/grand.avhdx"
refused '.*--temporary=DIR' "attach --temporary there" attach --dry-run --temporary="$host" here.vhdx
refused 'merge --output' merge merge "$host/grand.avhdx"
refused 'use attach -r --parent' set set "$host/grand.avhdx" --parent "$host/child.avhdx"
refused '.*in memory' replay replay "$host/base.vhdx"
refused 'copy ' "check --repair" check --repair=all "$host/base.vhdx"
refused 'choose ' create create "$host/new.vhdx" 8M
refused 'choose ' "create --force" create --force "$host/old.vhdx" 8M
refused 'choose ' snapshot snapshot here.vhdx "$host/new.vhdx"
refused 'choose ' "merge --output" merge --output="$host/new.vhdx" "$host/grand.avhdx"
run check -q "$host/base.vhdx"
is "$status" 0 "check without --repair works there"
run attach -r --dry-run "$host/grand.avhdx"
is "$status" 0 "attach -r works there"
run attach --temporary="$TMP" --dry-run "$host/grand.avhdx"
is "$status" 0 "so does attach --temporary, if the changes go elsewhere"
run snapshot "$host/grand.avhdx" "$TMP/elsewhere.avhdx"
is "$status" 0 "so does snapshot to another file system"

done_testing
