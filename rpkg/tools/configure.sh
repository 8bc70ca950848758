#!/bin/sh
# Finds cargo and rustc, says which ones the build will use, and fills src/Makevars.in in. What is missing is named by the packages that
# have it on this system.
set -e

PATH="$PATH:$HOME/.cargo/bin"
export PATH
wanted="1.85"

if [ "$(uname -s)" != Linux ]; then
  echo "memshare cannot be installed on $(uname -s): it shares memory by means that Linux alone has." >&2
  echo "On macOS and Windows it runs in a container, or on Windows in WSL 2: see tools/container/README.md in its repository." >&2
  exit 1
fi

# How to get Rust here, by what /etc/os-release says.
install_rust() {
  system=$(. /etc/os-release 2> /dev/null && echo "$ID ${ID_LIKE:-}") || system=""
  case " $system " in
    *" debian "* | *" ubuntu "*) echo "apt-get install cargo rustc (on Debian 12: cargo-web rustc-web)" ;;
    *" fedora "* | *" rhel "*) echo "dnf install cargo rust" ;;
    *" alpine "*) echo "apk add cargo rust" ;;
    *" arch "*) echo "pacman -S rust" ;;
    *" suse "* | *" opensuse "*) echo "zypper install cargo rust" ;;
    *) echo "the packages cargo and rustc of this system" ;;
  esac
}

for tool in cargo rustc; do
  if ! command -v "$tool" > /dev/null 2>&1; then
    echo "memshare needs Rust >= $wanted: '$tool' was found neither on the PATH nor in $HOME/.cargo/bin." >&2
    echo "Install it with: $(install_rust); or from https://rustup.rs. Then try again." >&2
    exit 1
  fi
done

cargo --version
rustc --version

# rustc 1.95.0 (f2d3ce0bd 2026-03-21) -> 1.95
found=$(rustc --version | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
older=$(printf '%s\n%s\n' "$wanted" "$found" | sort -t . -k 1,1n -k 2,2n | head -n 1)
if [ "$older" != "$wanted" ]; then
  echo "memshare needs rustc >= $wanted, and $(command -v rustc) is $found." >&2
  echo "Update it with: rustup update, where it came from https://rustup.rs; else with: $(install_rust)." >&2
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
flags="-Wl,-z,nodelete -Wl,--exclude-libs,libmemshare.a -Wl,--strip-debug"

sed -e "s|@TARGET_DIR@|$target|g" -e "s|@LINK_FLAGS@|$flags|g" src/Makevars.in > src/Makevars
