//! Parts of a fixed length, which may come in pieces.

/// A part that is being read: what has come of it.
#[derive(Debug, Default)]
pub(super) struct Part {
    bytes: [u8; 10],
    count: usize,
}

impl Part {
    /// Takes as much as there is of a part of `N` bytes, at most ten. Returns it once it is whole.
    pub(super) fn take<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = input.split_at(input.len().min(N - self.count));
        self.bytes[self.count..self.count + taken.len()].copy_from_slice(taken);
        self.count += taken.len();
        *input = rest;
        if self.count < N {
            return None;
        }
        self.count = 0;
        let mut whole = [0; N];
        whole.copy_from_slice(&self.bytes[..N]);
        Some(whole)
    }

    /// What has come of it.
    pub(super) fn begun(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}
