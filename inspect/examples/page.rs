//! Writes the page of a document that is JSON: `page document.json page.html`. The browser's tests make their pages with it.
use std::process::ExitCode;

fn main() -> ExitCode {
    let [from, to] = std::env::args().skip(1).collect::<Vec<_>>().try_into().unwrap_or_else(|_| {
        eprintln!("usage: page document.json page.html");
        std::process::exit(2)
    });
    let made = std::fs::read_to_string(&from).and_then(|json| {
        let title = serde_json::from_str::<serde_json::Value>(&json)?["title"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        std::fs::write(&to, inspect::page(&title, &json))
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{from}: {error}");
            ExitCode::FAILURE
        }
    }
}
