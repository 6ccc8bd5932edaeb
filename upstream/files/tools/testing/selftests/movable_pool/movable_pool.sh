#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Loads the modules that the programs drive, and runs these one by one, or those
# that are named.  Ends with 0 if all have passed, 4 (skip) if it cannot begin.

skip()
{
	echo "movable_pool: SKIP: $1"
	exit 4
}

here=$(dirname "$(readlink -f "$0")")
[ "$(id -u)" -eq 0 ] || skip "needs root"
[ -e /sys/kernel/debug/movable_pool ] || modprobe -q movable_pool ||
	skip "needs CONFIG_MOVABLE_POOL"
[ -e /sys/kernel/debug/movable_pool ] || skip "needs debugfs"

# Tests load a driver from here; a few unload the framework, and load it again.
MP_MODULES=$(mktemp -d)
export MP_MODULES
loaded=
# shellcheck disable=SC2317	# the trap calls it
cleanup()
{
	for module in $loaded; do
		rmmod "$module"
	done
	rm -r "$MP_MODULES"
}
trap cleanup EXIT
core=$(modinfo -n movable_pool 2>/dev/null)
cp "$here/kmod/mp_test_devm.ko" "$MP_MODULES" || skip "has no driver"
case "$core" in
*.ko)	cp "$core" "$MP_MODULES" ;;
esac

for module in mp_frame mp_test; do
	[ ! -d "/sys/module/$module" ] || continue
	insmod "$here/kmod/$module.ko" || skip "cannot load $module"
	loaded="$module $loaded"
done

if [ $# -eq 0 ]; then
	for program in "$here"/*; do
		if [ -f "$program" ] && [ -x "$program" ] &&
		   [ "$program" != "$here/movable_pool.sh" ]; then
			set -- "$@" "$(basename "$program")"
		fi
	done
fi

failed=0
for program; do
	echo "# $program"
	"$here/$program" || failed=1
done
exit "$failed"
