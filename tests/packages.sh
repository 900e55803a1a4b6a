# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced by tests/run and contrib/postfix/demo: what a fresh Debian 12 lacks
# to build verpd and to try it.

# What `ninja` needs, and what the tests and the demo add to it.
packages_to_build=(gcc libc6-dev meson ninja-build pkg-config libglib2.0-dev
	libgmime-3.0-dev libsqlite3-dev libpcre2-dev libconfuse-dev
	libjson-glib-dev libcdb-dev liblmdb-dev)
packages_to_try=(python3 postfix postfix-cdb)
packages_to_test=(check g++ mandoc sqlite3 git clang libclang-rt-14-dev
	clang-format faketime postfix-lmdb postfix-sqlite)

packages_missing() {
	local name
	for name; do
		case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
		*' ok installed') ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

# Installs those of "$@" that are missing, by name and saying so.  Postfix is
# installed with no configuration of its own: nothing listens, nothing is sent.
packages_need() {
	local missing
	if ! command -v dpkg-query >/dev/null; then
		echo "# no dpkg here: taking for granted that these are there: $*"
		return 0
	fi
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing: ${missing[*]}" >&2
		echo "as root: apt-get install ${missing[*]}" >&2
		return 1
	fi
	echo "# apt-get install ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	case " ${missing[*]} " in
	*' postfix '*)
		command -v debconf-set-selections >/dev/null &&
			debconf-set-selections <<-'END'
			postfix postfix/main_mailer_type select No configuration
			END
		;;
	esac
	apt-get -qq update &&
		apt-get -qq -y --no-install-recommends \
			-o Dpkg::Use-Pty=0 install "${missing[@]}" >/dev/null
}
