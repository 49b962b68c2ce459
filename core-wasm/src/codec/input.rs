//! Input commands, client to server: newest first, each against the one after it in time.
//!
//! | bits | what |
//! |---|---|
//! | 5 | number of commands n, 0..16; nothing follows for 0 |
//! | 32 | tick of the newest |
//! | then, per command from the newest back: | its tick is one less than the one before |
//! | 1 | same controls as the command before (not for the first) |
//! | inputButtons, 8, 8, 16 | buttons, moveX, moveY (two's complement), aim; only if not the same |
//! | 16 | pitch, if the game sends it; only if not the same |
//! | 16 each | aux inputs; only if not the same |
//! | 1 | only if any button is down: view follows; then 10 bits tick - viewTick, 16 bits viewFraction, 6 bits viewHeld |
//!
//! A command without a view says viewTick 0: it makes no rewound shot.

use crate::bits::{BitReader, BitWriter};
use crate::gen::{ConfigHead, InputCommand, INPUT_COMMANDS_PER_PACKET_MAX};

/// Commands of one packet.
pub const COMMANDS: usize = INPUT_COMMANDS_PER_PACKET_MAX as usize;

/// Commands read from a packet, newest first.
#[derive(Clone, Copy)]
pub struct Inputs {
    /// How many.
    pub count: usize,
    /// They.
    pub commands: [InputCommand; COMMANDS],
}

impl Inputs {
    /// None.
    pub fn none() -> Self {
        Self { count: 0, commands: [bytemuck::Zeroable::zeroed(); COMMANDS] }
    }
}

/// Writes `count` commands; `command(i)` is the i-th from the newest back, their ticks falling by one.
pub fn write(
    out: &mut BitWriter,
    head: &ConfigHead,
    count: usize,
    command: impl Fn(usize) -> InputCommand,
) {
    let count = count.min(COMMANDS);
    out.put(count as u32, 5);
    let mut before: Option<InputCommand> = None;
    for i in 0..count {
        let now = command(i);
        match before {
            None => out.put(now.tick, 32),
            Some(last) => out.bit(same(&now, &last)),
        }
        if before.is_none_or(|last| !same(&now, &last)) {
            write_controls(out, head, &now);
        }
        if now.buttons != 0 {
            let back = now.tick.wrapping_sub(now.view_tick);
            let seen = now.view_tick != 0 && back < 1 << 10;
            out.bit(seen);
            if seen {
                out.put(back, 10);
                out.put(u32::from(now.view_fraction), 16);
                out.put(u32::from(now.view_held.min(63)), 6);
            }
        }
        before = Some(now);
    }
}

/// Most bits that so many commands take.
pub fn bits_max(head: &ConfigHead, count: usize) -> u32 {
    let one = 1 + head.input_buttons + 32 + 16 * head.input_pitch + 16 * head.input_aux + 33;
    5 + 32 + one * count.min(COMMANDS) as u32
}

fn same(a: &InputCommand, b: &InputCommand) -> bool {
    a.buttons == b.buttons
        && a.aim == b.aim
        && a.pitch == b.pitch
        && a.move_x == b.move_x
        && a.move_y == b.move_y
        && a.aux == b.aux
}

fn write_controls(out: &mut BitWriter, head: &ConfigHead, command: &InputCommand) {
    let buttons = u32::from(command.buttons) & ((1 << head.input_buttons) - 1);
    out.put(buttons, head.input_buttons);
    out.put(u32::from(command.move_x as u8), 8);
    out.put(u32::from(command.move_y as u8), 8);
    out.put(u32::from(command.aim), 16);
    if head.input_pitch != 0 {
        out.put(u32::from(command.pitch as u16), 16);
    }
    for value in &command.aux[..head.input_aux as usize] {
        out.put(u32::from(*value as u16), 16);
    }
}

/// Reads the commands of a packet into `inputs`; what stood there does not matter. What is wrong shows in
/// `reader.ok()`, and then there are none.
pub fn read(reader: &mut BitReader, head: &ConfigHead, inputs: &mut Inputs) {
    inputs.count = 0;
    let count = reader.take(5) as usize;
    if count > COMMANDS {
        reader.refuse();
        return;
    }
    let mut now: InputCommand = bytemuck::Zeroable::zeroed();
    for (i, place) in inputs.commands[..count].iter_mut().enumerate() {
        if i == 0 {
            now.tick = reader.take(32);
        } else {
            now.tick = now.tick.wrapping_sub(1);
        }
        if i == 0 || !reader.bit() {
            read_controls(reader, head, &mut now);
        }
        (now.view_tick, now.view_fraction, now.view_held) = (0, 0, 0);
        if now.buttons != 0 && reader.bit() {
            // Before the first tick there was nothing to see: 0 is no view.
            now.view_tick = now.tick.saturating_sub(reader.take(10));
            now.view_fraction = reader.take(16) as u16;
            now.view_held = reader.take(6) as u8;
        }
        *place = now;
    }
    inputs.count = if reader.ok() { count } else { 0 };
}

fn read_controls(reader: &mut BitReader, head: &ConfigHead, command: &mut InputCommand) {
    command.buttons = reader.take(head.input_buttons) as u16;
    command.move_x = reader.take(8) as u8 as i8;
    command.move_y = reader.take(8) as u8 as i8;
    command.aim = reader.take(16) as u16;
    if head.input_pitch != 0 {
        command.pitch = reader.take(16) as u16 as i16;
    }
    for value in &mut command.aux[..head.input_aux as usize] {
        *value = reader.take(16) as u16 as i16;
    }
}
