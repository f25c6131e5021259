#!/bin/sh
# Both networks from nothing: renders, trains, exports, measures. Goes on where it stopped when started again.
#
#   training/train.sh            about 3 hours on two free cores
#   MINUTES=240 training/train.sh
#
# Wants the Debian packages that README.md names. $ALPRD_SHARED is the folder with data/dashcam (backgrounds) and the sets to
# measure on; without it the recogniser trains on rendered surroundings only and the measuring is skipped.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-/usr/bin/python3}
MINUTES=${MINUTES:-90}
export ALPRD_SHARED=${ALPRD_SHARED:-$(cd ../.. && pwd)/shared}
export OMP_NUM_THREADS=1
weights=../internal/ocr/weights
mkdir -p out/finder out/crops

# Rendering and training run side by side, one core each; the trainers take up new shards as they come.
echo "rendering crops and scenes"
"$PYTHON" make_crops.py out/crops --seed 1 --shards 10
"$PYTHON" scenes.py --shards 6 --seed 1

echo "training the recogniser for $MINUTES minutes"
"$PYTHON" make_crops.py out/crops --seed 2 --shards 240 > out/make_crops.log 2>&1 &
renderer=$!
trap 'kill $renderer 2>/dev/null || true' EXIT
"$PYTHON" train_recogniser.py out/crops --out out/recogniser.pt --minutes "$MINUTES"
kill $renderer 2>/dev/null || true
wait $renderer 2>/dev/null || true
"$PYTHON" export.py out/recogniser.pt $weights/recogniser.onnx

echo "training the finder for $MINUTES minutes"
"$PYTHON" scenes.py --shards 24 --seed 2 > out/scenes.log 2>&1 &
renderer=$!
"$PYTHON" train_finder.py --minutes "$MINUTES"
kill $renderer 2>/dev/null || true
"$PYTHON" train_finder.py --export $weights/finder.onnx

if [ -d "$ALPRD_SHARED/data/closeups" ]; then
  "$PYTHON" measure_finder.py $weights/finder.onnx
  "$PYTHON" evaluate.py $weights/recogniser.onnx --shared "$ALPRD_SHARED"
  "$PYTHON" evaluate.py $weights/recogniser.onnx --finder $weights/finder.onnx --shared "$ALPRD_SHARED"
fi
