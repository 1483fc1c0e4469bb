# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A kernel's log without the data races of the kernel's own code, which are not to be mended
# here. A report goes from its title to a line of "=", and has the stack of each access, the
# innermost function first. A race is ours if that function is, or if it only copies, links or
# looks up something for a function of ours.
function is_ours(report,    line, n, i) {
	n = split(report, line, "\n")
	for (i = 1; i < n; i++) {
		if (line[i] !~ /(read|write|assert|access).* of [0-9]+ bytes by /)
			continue
		if (line[i + 1] ~ /\[(vhdx|racer)\]/)
			return 1
		if (line[i + 1] ~ /\] +_*(mem|str|copy|list|llist|bitmap|find|xa|crc32)/ && line[i + 2] ~ /\[(vhdx|racer)\]/)
			return 1
	}
	return 0
}
/BUG: KCSAN: / { report = $0; next }
report != "" {
	report = report "\n" $0
	if (/={20}/) {
		if (is_ours(report))
			print report
		report = ""
	}
	next
}
{ print }
END { if (report != "" && is_ours(report)) print report }
