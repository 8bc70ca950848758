#!/bin/sh
# Finds cargo and rustc, says which ones the build will use, and fills src/Makevars.in in.
set -e

PATH="$PATH:$HOME/.cargo/bin"
export PATH
wanted="1.85"

for tool in cargo rustc; do
  if ! command -v "$tool" > /dev/null 2>&1; then
    echo "memshare needs Rust >= $wanted: '$tool' was found neither on the PATH nor in $HOME/.cargo/bin." >&2
    echo "Install it from https://rustup.rs, or with the system's packages (rustc and cargo), and try again." >&2
    exit 1
  fi
done

cargo --version
rustc --version

# rustc 1.95.0 (f2d3ce0bd 2026-03-21) -> 1.95
found=$(rustc --version | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
older=$(printf '%s\n%s\n' "$wanted" "$found" | sort -t . -k 1,1n -k 2,2n | head -n 1)
if [ "$older" != "$wanted" ]; then
  echo "memshare needs rustc >= $wanted, and $found was found. Update with: rustup update" >&2
  exit 1
fi

# A shared target directory makes repeated installs incremental; it is the developer's and is not removed.
if [ -n "$CARGO_TARGET_DIR" ]; then
  target="$CARGO_TARGET_DIR"
else
  target="rust/target"
fi

# The code must stay mapped after dyn.unload(): views' finalizers and the supervisor's thread live in it. Its symbols are
# nobody else's business, and Rust's debugging information is most of its size.
case "$(uname -s)" in
  Linux | FreeBSD) flags="-Wl,-z,nodelete -Wl,--exclude-libs,libmemshare.a -Wl,--strip-debug" ;;
  *) flags="" ;;
esac

sed -e "s|@TARGET_DIR@|$target|g" -e "s|@LINK_FLAGS@|$flags|g" src/Makevars.in > src/Makevars
