//! The transfers in flight: how far each of them is, drawn a few times a second, and the means to
//! end them.
//!
//! A thread looks at them as long as somebody wants to see them, or one of them must not be too
//! slow; so a stall shows as a stall, and ends as one. Without either no thread is started.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Global;
use crate::operation::Slowness;
use crate::watch::{End, Watcher};

use super::bar::{self, Bar};
use super::screen;
use super::speed::{average, Speed};
use super::{total, Row, Tally};

/// All transfers in flight.
pub struct Board {
    state: Mutex<State>,
    /// Nothing is to go on any more.
    halted: Condvar,
}

/// Guards what is in flight. A watcher, and the screen, may be locked inside.
struct State {
    /// Transfers run side by side.
    parallel: bool,
    /// Each has a bar in place of a row.
    bars: bool,
    flights: Vec<Flight>,
    next: u64,
    began: Instant,
    tally: Tally,
    /// Of all transfers together.
    speed: Speed,
    ticks: bool,
    halted: bool,
    /// The run is over, and nothing is to be drawn any more.
    over: bool,
    drawn: bool,
}

struct Flight {
    id: u64,
    name: String,
    watcher: Arc<Watcher>,
    shown: bool,
    began: Instant,
    speed: Speed,
    slow: Option<(Slowness, Speed)>,
    /// When the try began of which that is measured.
    tried: Instant,
    drawn: bool,
    bar: Bar,
}

/// What the board is told of a transfer.
pub struct Departure {
    /// What its row calls it.
    pub name: String,
    pub watcher: Arc<Watcher>,
    /// Is it to have a row?
    pub shown: bool,
    pub slowness: Option<Slowness>,
}

impl Board {
    pub fn new(global: Global) -> Arc<Board> {
        let state = State {
            parallel: global.parallel,
            bars: global.progress_bar && !global.parallel,
            flights: Vec::new(),
            next: 0,
            began: Instant::now(),
            tally: Tally::default(),
            speed: Speed::over(SPAN),
            ticks: false,
            halted: false,
            over: false,
            drawn: false,
        };
        Arc::new(Board { state: Mutex::new(state), halted: Condvar::new() })
    }

    /// A transfer begins: its number here.
    pub fn depart(self: &Arc<Board>, departure: Departure) -> u64 {
        let mut state = self.lock();
        let Departure { name, watcher, shown, slowness } = departure;
        if state.halted {
            watcher.stop(End::Aborted);
        }
        if (shown || slowness.is_some()) && !state.ticks {
            state.ticks = true;
            let board = self.clone();
            thread::spawn(move || board.tick());
        }
        let id = state.next;
        state.next += 1;
        state.flights.push(Flight {
            id,
            name,
            tried: watcher.began(),
            watcher,
            shown,
            began: Instant::now(),
            speed: Speed::over(SPAN),
            slow: slowness.map(|slowness| (slowness, Speed::over(slowness.time))),
            drawn: false,
            bar: Bar::default(),
        });
        id
    }

    /// A transfer has ended.
    pub fn arrive(&self, id: u64, failed: bool) {
        let mut state = self.lock();
        let Some(place) = state.flights.iter().position(|flight| flight.id == id) else { return };
        let mut flight = state.flights.remove(place);
        state.tally.count(flight.watcher.pulse().moved(), failed);
        if state.bars && flight.shown {
            let last = flight.bar.last(&flight.watcher.pulse(), bar::width());
            screen::draw_bar(&last.unwrap_or_default());
        } else if flight.drawn && !state.parallel {
            screen::write((flight.last_row() + "\n").as_bytes());
        }
    }

    /// Waits for so long, unless nothing is to go on. Says whether it waited to the end.
    pub fn rest(&self, time: Duration) -> bool {
        let wait = self.halted.wait_timeout_while(self.lock(), time, |state| !state.halted);
        !wait.unwrap_or_else(PoisonError::into_inner).0.halted
    }

    /// Ends all transfers, also those that begin from now on.
    pub fn halt(&self) {
        let mut state = self.lock();
        state.halted = true;
        state.flights.iter().for_each(|flight| flight.watcher.stop(End::Aborted));
        self.halted.notify_all();
    }

    /// The run is over: what is drawn gets its last shape.
    pub fn close(&self) {
        let mut state = self.lock();
        state.over = true;
        screen::erase();
        if state.drawn && state.parallel {
            let (width, _) = screen::size();
            let (tally, time) = (state.tally, state.began.elapsed());
            let line = total(&tally, 0, tally.bytes, average(tally.bytes, time), width);
            screen::write((line + "\n").as_bytes());
        }
    }

    fn tick(&self) {
        loop {
            thread::sleep(TICK);
            let mut state = self.lock();
            if state.over {
                return;
            }
            state.look(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self, now: Instant) {
        let mut bytes = self.tally.bytes;
        for flight in &mut self.flights {
            bytes += flight.look(now);
        }
        self.speed.note(now, bytes);
        if self.bars {
            let shown = self.flights.iter_mut().filter(|flight| flight.shown);
            let next = shown.filter_map(|f| f.bar.next(&f.watcher.pulse(), bar::width()));
            return next.for_each(|text| screen::draw_bar(&text));
        }
        let lines = self.lines(now, bytes);
        if !lines.is_empty() {
            screen::draw(&lines);
            self.drawn = true;
        } else if self.drawn {
            screen::erase();
        }
    }

    /// What is to be drawn: the oldest transfers, how many there are besides, and all together.
    fn lines(&mut self, now: Instant, bytes: u64) -> Vec<String> {
        let (width, height) = screen::size();
        let visible = |flight: &&mut Flight| flight.shown && flight.began + PATIENCE <= now;
        let most = MOST_ROWS.min(height.saturating_sub(2)).max(1);
        let mut lines: Vec<String> = Vec::new();
        let mut hidden = 0;
        for flight in self.flights.iter_mut().filter(visible) {
            if lines.len() < most {
                lines.push(flight.row(now, width));
            } else {
                hidden += 1;
            }
        }
        if hidden > 0 {
            lines.push(format!("and {} more", hidden));
        }
        let all = self.flights.len() as u64;
        // While some are shown, all are counted; between two, what was counted stays.
        if self.parallel && (!lines.is_empty() || self.drawn && all > 0) {
            lines.push(total(&self.tally, all, bytes, self.speed.per_second(), width));
        }
        lines
    }
}

impl Flight {
    /// Measures, and ends what is too slow. Says how much has moved.
    fn look(&mut self, now: Instant) -> u64 {
        let pulse = self.watcher.pulse();
        self.speed.note(now, pulse.done);
        if let Some((slowness, speed)) = &mut self.slow {
            let began = self.watcher.began();
            let is_same = std::mem::replace(&mut self.tried, began) == began;
            match pulse.is_moving && is_same {
                true => speed.note(now, pulse.moved()),
                false => speed.forget(),
            }
            let (time, count) = speed.grown();
            let least = u128::from(slowness.limit) * time.as_millis() / 1000;
            if time >= slowness.time && u128::from(count) < least {
                self.watcher.stop_try(began, End::TooSlow(*slowness));
            }
        }
        pulse.moved()
    }

    fn row(&mut self, now: Instant, width: usize) -> String {
        self.drawn = true;
        let elapsed = now.saturating_duration_since(self.began);
        let (pulse, speed) = (self.watcher.pulse(), self.speed.per_second());
        Row { name: &self.name, pulse, speed, elapsed }.text(width)
    }

    /// The row that stays: it tells of all the time that the transfer took.
    fn last_row(&self) -> String {
        let (pulse, elapsed) = (self.watcher.pulse(), self.began.elapsed());
        let (width, _) = screen::size();
        let speed = average(pulse.done, elapsed);
        Row { name: &self.name, pulse, speed, elapsed }.text(width)
    }
}

/// Between two looks.
const TICK: Duration = Duration::from_millis(200);
/// What is over before that needs no row.
const PATIENCE: Duration = Duration::from_millis(500);
/// Over which a speed is measured.
const SPAN: Duration = Duration::from_secs(5);
/// More than anybody reads while it moves.
const MOST_ROWS: usize = 12;
