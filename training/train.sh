#!/bin/sh
# The networks from nothing: renders, trains, exports, checks, measures. Goes on where it stopped when started again.
#
#   training/train.sh                     about 4 hours on two free cores
#   MINUTES=240 training/train.sh         so many minutes for each network
#   MINUTES=1 SHARDS=2 SCENES=1 training/train.sh     a rehearsal: everything runs, nothing is worth shipping
#   START=shipped training/train.sh       goes on from the recogniser's weights in the tree instead of from nothing
#
# Wants the Debian packages that README.md names. $ALPRD_SHARED is the folder with data/dashcam (backgrounds) and the sets to
# measure on; without it all backgrounds are drawn, and the measuring is skipped.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-/usr/bin/python3}
MINUTES=${MINUTES:-90}
SHARDS=${SHARDS:-250}      # of crops, 6,000 each
SCENES=${SCENES:-24}       # shards of scenes
START=${START:-nothing}
WEIGHTS=${WEIGHTS:-../internal/ocr/weights}
export ALPRD_SHARED=${ALPRD_SHARED:-$(cd ../.. && pwd)/shared}
export OMP_NUM_THREADS=1
mkdir -p out/finder out/crops "$WEIGHTS"
if [ -d "$ALPRD_SHARED/data/dashcam" ]; then
  echo "backgrounds: drawn, and streets from $ALPRD_SHARED/data/dashcam with their plates painted over"
else
  echo "backgrounds: drawn only, for there is no dashcam set at $ALPRD_SHARED/data/dashcam"
fi
renderer=
trap '[ -z "$renderer" ] || kill $renderer 2>/dev/null || true' EXIT

# Rendering and training run side by side, one core each; the trainers take up new shards as they come.
first=$((SHARDS < 10 ? SHARDS : 10))
echo "recogniser: rendering crops"
"$PYTHON" -m recogniser.make_crops out/crops --seed 1 --shards "$first"
if [ "$SHARDS" -gt "$first" ]; then
  "$PYTHON" -m recogniser.make_crops out/crops --seed 2 --shards $((SHARDS - first)) > out/make_crops.log 2>&1 &
  renderer=$!
fi
echo "recogniser: training for $MINUTES minutes"
init=
[ "$START" = nothing ] || init="--init $WEIGHTS/recogniser.onnx"
# shellcheck disable=SC2086
"$PYTHON" -m recogniser.train out/crops --out out/recogniser.pt --minutes "$MINUTES" $init
[ -z "$renderer" ] || { kill $renderer 2>/dev/null || true; wait $renderer 2>/dev/null || true; renderer=; }
"$PYTHON" -m recogniser.export out/recogniser.pt "$WEIGHTS/recogniser.onnx"

echo "finder: rendering scenes"
"$PYTHON" -m finder.scenes --shards $((SCENES < 4 ? SCENES : 4)) --seed 1
"$PYTHON" -m finder.scenes --shards "$SCENES" --seed 2 > out/scenes.log 2>&1 &
renderer=$!
echo "finder: training for $MINUTES minutes"
"$PYTHON" -m finder.train --minutes "$MINUTES"
kill $renderer 2>/dev/null || true
wait $renderer 2>/dev/null || true
renderer=
"$PYTHON" -m finder.train --export "$WEIGHTS/finder.onnx"

echo "state reader: rendering bands"
BANDS=${BANDS:-34}         # shards of bands, 3,000 each
"$PYTHON" -m state.bands out/state_easy --easy --seed 90 --shards $((BANDS < 2 ? BANDS : 2))
"$PYTHON" -m state.bands out/state_script --script --seed 40 --shards $(((BANDS + 1) / 2))
"$PYTHON" -m state.bands out/state --seed 3 --shards "$BANDS"
"$PYTHON" -m state.plates out/state_plates --seed 60 --shards $(((BANDS + 1) / 2))
echo "state reader: training for $MINUTES minutes"
"$PYTHON" -m state.train out/state_easy=.3 out/state_plates=1.3 out/state_script=1.4 out/state=.8 --stem out/recogniser.pt --out out/state.pt --minutes "$MINUTES"
"$PYTHON" -m state.export out/state.pt "$WEIGHTS/state.onnx" --floor .8

if [ -d "$ALPRD_SHARED/data/closeups" ]; then
  "$PYTHON" -m finder.measure "$WEIGHTS/finder.onnx"
  "$PYTHON" -m recogniser.evaluate "$WEIGHTS/recogniser.onnx" --shared "$ALPRD_SHARED"
  "$PYTHON" -m recogniser.evaluate "$WEIGHTS/recogniser.onnx" --finder "$WEIGHTS/finder.onnx" --shared "$ALPRD_SHARED"
else
  echo "nothing measured: there are no labelled sets at $ALPRD_SHARED/data"
fi
