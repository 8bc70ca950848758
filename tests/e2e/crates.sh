# The crates' archives: tools/crates.sh unpacks them, and says what to do where they do not belong to the lockfiles; cargo refuses a file
# that was changed, and a crate that is there by name alone.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH="$PATH:$HOME/.cargo/bin"
clone="$SCRATCH/clone"
fail() { echo "$1"; exit 1; }

mkdir -p "$clone/rpkg/src/rust" "$clone/fuzz" "$clone/rpkg/tools" "$clone/tools"
for file in tools/crates.sh rpkg/tools/locked.sh Cargo.lock fuzz/Cargo.lock vendor.tar.xz rpkg/src/vendor.tar.xz rpkg/src/rust/Cargo.lock; do cp "$root/$file" "$clone/$file"; done
unpack() { sh "$clone/tools/crates.sh" 2>&1; }

# Anew where there is none, not again where it is, again where the archive is another one.
unpack
touch "$clone/build/vendor/kept"
unpack
[ -f "$clone/build/vendor/kept" ] || fail "unpacked again for nothing"
xz -d < "$root/vendor.tar.xz" | xz -0 > "$clone/vendor.tar.xz"
unpack
[ ! -f "$clone/build/vendor/kept" ] || fail "another archive was not unpacked"
[ "$(ls "$clone/.cargo")" = config.toml ] && [ "$(ls -d "$clone"/build/vendor-* 2> /dev/null)" = "" ] || fail "something was left behind"

# An archive that does not belong to a lockfile; a crate of our own needs none.
for lock in Cargo.lock fuzz/Cargo.lock rpkg/src/rust/Cargo.lock; do
  printf '[[package]]\nname = "memshare-new"\nversion = "0.1.0"\n' >> "$clone/$lock"
  unpack || fail "a crate of our own in $lock"
  sed -i '/^checksum = /s/.$/0"/' "$clone/$lock"
  said=$(unpack) && fail "a changed $lock was not seen"
  case $said in *"another "*"$lock"*"make vendor"*) ;; *) fail "a changed $lock: $said" ;; esac
  cp "$root/$lock" "$clone/$lock"
done
# One that ends too early leaves what was there.
head -c 100000 "$root/vendor.tar.xz" > "$clone/vendor.tar.xz"
said=$(unpack) && fail "half an archive was unpacked"
[ -d "$clone/build/vendor" ] && [ "$(ls -d "$clone"/build/vendor-* 2> /dev/null)" = "" ] || fail "half an archive: $(ls "$clone/build")"
cp "$root/vendor.tar.xz" "$clone/vendor.tar.xz"
# Somebody else's settings.
echo '[build]' > "$clone/.cargo/config.toml"
said=$(unpack) && fail "settings of somebody else were overwritten"
case $said in *"is not ours"*) ;; *) fail "settings of somebody else: $said" ;; esac
rm "$clone/.cargo/config.toml"
unpack

# What cargo does with them. No registry is asked: this home has none, and the settings say offline.
export CARGO_HOME="$SCRATCH/cargo-home"
unset CARGO_TARGET_DIR RUSTFLAGS
mkdir -p "$clone/program/src"
echo 'fn main() {}' > "$clone/program/src/main.rs"
build() {
  printf '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[dependencies]\n%s = "*"\n' "$1" > "$clone/program/Cargo.toml"
  rm -f "$clone/program/Cargo.lock"
  (cd "$clone/program" && cargo check --quiet 2>&1)
}
build itoa || fail "a crate of the archive could not be built"
said=$(build windows-link) && fail "a crate that is not there was built"
case $said in *"for systems other than Linux"*) ;; *) fail "a crate that is not there: $said" ;; esac
rm -rf "$clone/program/target"
echo '// changed' >> "$(ls "$clone"/build/vendor/itoa-*/src/lib.rs)"
said=$(build itoa) && fail "a changed file was built"
case $said in *checksum*changed*) ;; *) fail "a changed file: $said" ;; esac
