//! How each phase looks: one table for the terminal and the drawing.
//!
//! Ink grows with the phases: thin lines until the connection stands, a shade while waiting, solid
//! while bytes come. So a chart can be read without its colours, too.

use pannier::Phase;

/// The looks of a phase.
#[derive(Debug)]
pub struct Mark {
    pub phase: Phase,
    pub name: &'static str,
    /// One column of it on a terminal.
    pub glyph: char,
    /// The parameter of its colour on a terminal (ECMA-48 SGR).
    pub sgr: &'static str,
    /// Its colour in a drawing; they differ in lightness also.
    pub colour: &'static str,
    /// How thick it is in a drawing, in twelfths of the row's bar.
    pub thickness: u32,
}

/// The looks of this phase.
pub fn mark(phase: Phase) -> &'static Mark {
    MARKS.iter().find(|mark| mark.phase == phase).unwrap_or(&MARKS[0])
}

const MARKS: [Mark; 8] = [
    row(Phase::Queue, "queue", '·', "90", "#9aa0a6", 2),
    row(Phase::Resolve, "resolve", '~', "36", "#2a9d8f", 5),
    row(Phase::Connect, "connect", '─', "33", "#e08e0b", 5),
    row(Phase::Tunnel, "tunnel", '╌', "95", "#d1495b", 5),
    row(Phase::Tls, "tls", '═', "35", "#9b5de5", 5),
    row(Phase::Send, "send", '▒', "31", "#c8553d", 12),
    row(Phase::Wait, "wait", '░', "32", "#bcd8ee", 12),
    row(Phase::Receive, "receive", '█', "34", "#1f6fb2", 12),
];

const fn row(
    phase: Phase,
    name: &'static str,
    glyph: char,
    sgr: &'static str,
    colour: &'static str,
    thickness: u32,
) -> Mark {
    Mark { phase, name, glyph, sgr, colour, thickness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_phases_can_be_told_apart() {
        for (index, mark) in MARKS.iter().enumerate() {
            for other in &MARKS[..index] {
                assert!(other.phase < mark.phase);
                assert!(other.glyph != mark.glyph && other.colour != mark.colour);
                assert!(other.name != mark.name && other.sgr != mark.sgr);
            }
        }
    }
}
