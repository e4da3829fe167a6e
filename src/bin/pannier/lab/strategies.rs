//! The ways to fetch a page and its objects, one row each.

use pannier::{Client, PoolConfig, Result};

/// A way to use connections.
pub struct Strategy {
    pub name: &'static str,
    /// What it does and what that costs.
    pub sentence: &'static str,
    /// Fetches the page at this URL and so many objects; the bytes of content.
    pub fetch: fn(&str, u64) -> Result<u64>,
}

/// The first is what the others are compared with.
pub const STRATEGIES: &[Strategy] = &[
    Strategy {
        name: "serial",
        sentence: "A connection per exchange (Connection: close): a handshake each time.",
        fetch: serial,
    },
    Strategy {
        name: "persistent",
        sentence: "One connection, kept: one handshake, then one round trip per exchange.",
        fetch: persistent,
    },
];

fn serial(page: &str, objects: u64) -> Result<u64> {
    let client = Client::new();
    urls(page, objects)
        .map(|url| fetch(client.get(url).header("Connection", "close").send()?))
        .sum()
}

fn persistent(page: &str, objects: u64) -> Result<u64> {
    let client = Client::builder().pool(PoolConfig::default().max_idle(1)).build();
    urls(page, objects).map(|url| fetch(client.get(url).send()?)).sum()
}

fn fetch(response: pannier::Response) -> Result<u64> {
    Ok(response.error_for_status()?.bytes()?.len() as u64)
}

/// The page itself, then its objects.
fn urls(page: &str, objects: u64) -> impl Iterator<Item = String> + '_ {
    let objects = (1..=objects).map(move |number| format!("{}object/{}", page, number));
    std::iter::once(page.to_owned()).chain(objects)
}
