#!/bin/bash
# What a demo's folder holds: the three runs beside each other, what could be reached, and where to look.
#   summary.sh FOLDER
set -eu
number() { sed -n "s/^ *\"$1\": *\([-0-9.]*\),\{0,1\}$/\1/p" "$2"; }
world=$1/world/world.json

echo
cat "$1/evaluation.txt"
echo
echo "Who knew every reader's taste would reach, in AUC on this dev split:"
echo "  in topics alone      $(number ceiling_auc_text "$world")   the ceiling of any model that reads text only"
echo "  in pictures alone    $(number ceiling_auc_pictures "$world")"
echo "  in both              $(number ceiling_auc_both "$world")"
echo
echo "The world            $1/world   (seed $(number seed "$world"), $(number news "$world") news," \
	"$(number users "$world") readers)"
echo "Catalogue to shards  $1/data    (cards/ has the impression cards)"
echo "Runs                 $1/runs"
echo "Look at              $1/report/index.html"
