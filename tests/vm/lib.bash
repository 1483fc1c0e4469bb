# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Shared by the scripts of this folder; sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2016

# The checkout is found from this file's place, never from the current folder.
VM_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
VM_ROOT=$(cd "$VM_HERE/../.." && pwd -P)
VM_CACHE=${VHDX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vhdx}
VM_ALIASES='default 6.1 6.12 7 debug kcsan'

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 2; }

need_root() { [ "$(id -u)" = 0 ] || die 'must be run as root'; }

codename() { (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}"); }

# locked FILE COMMAND...: runs COMMAND while holding FILE, so that concurrent
# callers do expensive work once. In a subshell: the lock goes with it.
locked() {
	local file=$1
	shift
	mkdir -p "${file%/*}"
	(
		exec 9>"$file"
		flock 9
		"$@" 9>&-
	)
}

# quietly LOG COMMAND...: shows the output only if COMMAND fails.
quietly() {
	local log=$1 rc=0
	shift
	mkdir -p "${log%/*}"
	"$@" >"$log" 2>&1 || rc=$?
	if [ $rc != 0 ]; then
		say "failed ($rc): $*"
		tail -n 50 "$log" >&2
	fi
	return $rc
}

# --- packages of this machine -------------------------------------------

missing_packages() {
	local p
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null |
			grep -qx installed || echo "$p"
	done
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive INITRD=No \
		apt-get install -yq --no-install-recommends \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@"
}

# Tries with the lists there are and reads new ones only when that failed:
# they may be missing (fresh container) or name files that are gone.
apt_install_retry() {
	apt_install "$@" || { apt-get update -q && apt_install "$@"; }
}

install_missing() {
	local list
	mapfile -t list < <(missing_packages "$@")
	[ ${#list[@]} = 0 ] && return
	say "installing: ${list[*]}"
	quietly "$VM_CACHE/log/install" apt_install_retry "${list[@]}"
}

need_packages() {
	[ -z "$(missing_packages "$@")" ] && return
	need_root
	locked "$VM_CACHE/lock/install" install_missing "$@"
}

# --- packages of any suite, through a private apt root --------------------

# One line per archive this machine uses: URI|RELEASE|CODENAME|SOURCES-ENTRY
archives() {
	apt-get indextargets --format \
		'$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(SOURCESENTRY)|$(COMPONENT)' \
		'Created-By: Packages' | grep '|main$' | sort -u
}

# archive_of RELEASE: the archive that holds RELEASE here, the codename first,
# then its usual aliases (a list may say "stable").
archive_of() {
	local want=$1 line
	line=$(archives | awk -F'|' -v w="$want" '$2 == w || $3 == w' | head -n 1)
	if [ -z "$line" ] && [ "$want" = "$(codename)" ]; then
		line=$(archives | awk -F'|' '$2 ~ /^(old)*stable$/' | head -n 1)
	fi
	echo "$line"
}

# The keyring that the sources entry names, else the distribution's own.
keyring_of() {
	local entry=${1%:*} key=
	[ -r "$entry" ] && key=$(grep -oiE 'signed-by[:=] *"?/[^] "]+' "$entry" |
		grep -o '/.*' | head -n 1)
	[ -n "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r "$key" ] && echo "$key"
}

# sources_for SUITE: lines for a sources list. Other suites are expected in the
# archive that holds this machine's own.
sources_for() {
	local suite=$1 main sec key opt=
	main=$(archive_of "$(codename)")
	[ -n "$main" ] || die "no archive of $(codename) in apt's sources"
	key=$(keyring_of "$(cut -d'|' -f4 <<<"$main")")
	[ -z "$key" ] || opt="[signed-by=$key] "
	echo "deb $opt${main%%|*} $suite main"
	case $suite in sid | *-backports) return ;; esac
	sec=$(archive_of "$(codename)-security")
	[ -z "$sec" ] || echo "deb $opt${sec%%|*} $suite-security main"
}

# apt_root SUITE: (re)writes the private apt root and prints its folder. The
# machine's apt.conf.d still counts (proxies), its sources and state do not.
apt_root() {
	local suite=$1 dir=$VM_CACHE/apt/$1
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,empty}
	: >>"$dir/status"
	sources_for "$suite" >"$dir/sources.list.new"
	mv "$dir/sources.list.new" "$dir/sources.list"
	cat >"$dir/apt.conf" <<-CONF
		Dir::State "$dir";
		Dir::State::status "$dir/status";
		Dir::State::lists "$dir/lists";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/empty";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$dir/empty";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
		APT::Default-Release "";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	CONF
	echo "$dir"
}

# in_apt SUITE COMMAND...: apt-get, apt-cache of that private root.
in_apt() {
	local dir=$VM_CACHE/apt/$1
	shift
	APT_CONFIG=$dir/apt.conf "$@"
}

# Lists younger than half a day are good enough.
apt_refresh() {
	local suite=$1 dir
	dir=$(apt_root "$suite") || return
	[ -n "$(find "$dir/fresh" -mmin -720 2>/dev/null)" ] && return
	quietly "$VM_CACHE/log/apt-$suite" in_apt "$suite" apt-get update -q || return
	touch "$dir/fresh"
}
