//! Placeholder.
/// elements
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + '_ {
    value.split(|&b| b == b',').map(super::token::trim_ows).filter(|e| !e.is_empty())
}
