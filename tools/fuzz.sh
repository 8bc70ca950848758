#!/bin/sh
# Fuzzing guided by coverage: every target of scheduler/src/fuzz and inspect/src/fuzz.rs under libFuzzer.
#
#   tools/fuzz.sh [SECONDS [TARGET...]]     SECONDS of processor time for each target in all (1800), of all targets
#
# It goes on where it was broken off, on another machine too: fuzz/corpus/ has, to be committed, the inputs of each target that reach something
# new (minimised, 160 kB at most) and in TARGET.had the seconds of processor time and the executions that it has had in all. (A fuzzer that
# shares its core with others is given more time.) build/fuzz/TARGET has the inputs under way and a log. An input that breaks a target is kept
# as build/fuzz/TARGET/crash-*, and the script fails (one that hangs, after five minutes: at the lowest priority a moment can take long); run
# it again by `MEMSHARE_FUZZ=TARGET build/target-fuzz/*/release/memshare-fuzz FILE`.
#
# The coverage counters come from the compiler's own passes, which the stable toolchain has; libFuzzer itself is compiled from the
# sources in its crate. AddressSanitizer needs the nightly one.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-1800}
[ $# -eq 0 ] || shift
PATH="$PATH:$HOME/.cargo/bin"
host=$(rustc -vV | sed -n 's/^host: //p')
passes="-Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  passes="$passes -Cllvm-args=-sanitizer-coverage-$option"
done
# With --target, so that build scripts and macros stay as they are.
RUSTFLAGS="$passes -Ccodegen-units=1 --cfg fuzzing" CARGO_TARGET_DIR=build/target-fuzz \
  nice cargo build --release --locked --target "$host" --manifest-path fuzz/Cargo.toml
program=$(pwd)/build/target-fuzz/$host/release/memshare-fuzz
[ $# -gt 0 ] || set -- $(MEMSHARE_FUZZ_LIST=1 "$program")

# The longest input that is made of others, by target.
longest() { case $1 in board) echo 32768 ;; record) echo 8192 ;; *) echo 4096 ;; esac; }

# Processor time of all that this shell had waited for when it wrote `times` to a file, in whole seconds. (Asked in `$()`, another shell would
# answer, which waited for nothing.)
seconds_in() { sed -n '2{s/[ms]/ /g;p}' "$1" | awk '{ printf "%d", ($1 + $3) * 60 + $2 + $4 }'; }

bad=0
for target in "$@"; do
  home=build/fuzz/$target
  mkdir -p "$home/corpus"
  export MEMSHARE_FUZZ="$target"
  MEMSHARE_FUZZ_SEEDS="$home/corpus" "$program"
  read -r had executions 2> /dev/null < "fuzz/corpus/$target.had" || { had=0; executions=0; }
  # In pieces, so that little is lost when it is broken off.
  while [ "$had" -lt "$seconds" ]; do
    piece=$((seconds - had < 120 ? seconds - had : 120))
    times > "$home/before"
    if ! nice -n 19 "$program" -max_total_time=$piece -max_len="$(longest "$target")" -timeout=300 -rss_limit_mb=1024 \
      -artifact_prefix="$home/" -print_final_stats=1 -verbosity=1 "$home/corpus" > "$home/log" 2>&1; then
      bad=$((bad + 1))
      echo "FAILED  $target: see $home/log"
      tail -n 40 "$home/log"
      break
    fi
    times > "$home/after"
    had=$((had + $(seconds_in "$home/after") - $(seconds_in "$home/before")))
    executions=$((executions + $(sed -n 's/^stat::number_of_executed_units: *//p' "$home/log")))
    echo "$had $executions" > "fuzz/corpus/$target.had"
  done
  # What covers as much as all of it.
  mkdir -p "$home/small"
  "$program" -merge=1 -max_len="$(longest "$target")" "$home/small" "$home/corpus" > "$home/merge" 2>&1
  rm -rf "$home/corpus" && mv "$home/small" "$home/corpus"
  MEMSHARE_FUZZ_KEEP="$home/corpus" "$program"
  echo "$target: $executions executions in $had s, $(ls "$home/corpus" | wc -l) inputs"
done
[ $bad -eq 0 ]
