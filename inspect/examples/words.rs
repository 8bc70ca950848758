//! Numbers for people, as Rust writes them: of each line of the input the time, the size and the share that it could be. The page has
//! its own functions for that, and a test compares them with these.
use inspect::words::{bytes, percent, seconds};
use std::io::stdin;

fn main() {
    for line in stdin().lines().map_while(Result::ok) {
        let Ok(number) = line.parse::<f64>() else { continue };
        println!("{}\t{}\t{}", seconds(number), bytes(number as u64), percent(number));
    }
}
