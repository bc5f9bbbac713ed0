# How a chain over real data begins: in a make of its own inside DATA, so that every path in it is relative and free of spaces.
# Included by the top Makefile before the chains.
#
# $1 target, $2 its file in pipelines/, $3 NAME: the file finds NAME_HOME and NAME_BIN, $4 variables that must be given, $5 the
# usage, $6 variables that name files (what is neither empty nor random:SEED is made a whole path), $7 other variables, $8 what is
# set besides.
define inside_target
.PHONY: $1
$1:
	@for name in $4; do [ -n "$$$${!name}" ] || { echo 'usage: make $1 $5' >&2; exit 2; }; done
	@$$(MAKE) programs
	@mkdir -p "$$$$DATA"
	@folder=$$$$DATA; [ -d "$$$$folder" ] || { folder=$$$$(mktemp -d); trap 'rmdir "$$$$folder"' EXIT; }; \
	for name in $6; do \
		case $$$${!name} in ''|random:*) ;; *) export "$$$$name=$$$$(realpath -m -- "$$$${!name}")" ;; esac; \
	done; \
	$8 $3_HOME=$$$$PWD $3_BIN=$$$$(realpath -m -- "$$(BUILD)")/bin MAKEOVERRIDES= \
	$$(MAKE) -C "$$$$folder" -f "$$$$PWD/pipelines/$2" MAKEOVERRIDES=
$$(foreach v,$4 $6 $7,$$(eval $1: export $$v := $$$$($$v)))
endef
