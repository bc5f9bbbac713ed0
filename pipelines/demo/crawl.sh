#!/bin/bash
# Runs a crawl of a served world (see serve.sh), for which an end with some covers gone is a good end.
#   crawl.sh COMMAND…
"$@" --connect-to "127.0.0.1:$COVERLINE_DEMO_PORT"
code=$?
[ "$code" = 10 ] && exit 0
exit "$code"
