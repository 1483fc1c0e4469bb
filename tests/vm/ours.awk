# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel's log without the data races in which no module has a part: the kernel's own are not
# to be mended here. A report goes from its title to a line of "=".
/BUG: KCSAN: / { report = $0; next }
report != "" {
	report = report "\n" $0
	if (/={20}/) {
		if (report ~ /\[(vhdx|racer)\]/)
			print report
		report = ""
	}
	next
}
{ print }
END { if (report ~ /\[(vhdx|racer)\]/) print report }
