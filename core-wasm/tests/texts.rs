//! Texts of players: who hears of them, and when.

#[path = "support/play.rs"]
mod play;
mod support;

use fray_core::gen::*;
use play::{Link, Play};
use support::*;

/// A nick for those who see the player, and a hint for the player alone.
fn with_texts() -> Setup {
    let mut setup = Setup::arena(4, 32);
    setup.head.text_bytes = 32;
    setup.kinds[0].view_radius = 10 * ONE;
    let text = |index: u16, offset: u16, audience: u8| ConfigText {
        kind: 1,
        index,
        offset,
        bytes_max: 15,
        audience,
    };
    setup.texts = vec![text(0, 0, audience::VISIBLE), text(1, 16, audience::OWNER)];
    setup
}

fn say(play: &mut Play, slot: u16, field: u32, text: &[u8]) {
    let order = SetText { handle: handle(&mut play.room, slot), field };
    play.commands.add_bytes(SetText::KIND, 0, bytemuck::bytes_of(&order), text);
}

/// What the client of a slot holds of a text of the player of another.
fn heard(play: &mut Play, slot: usize, of: u16, field: usize) -> String {
    let row = (handle(&mut play.room, of) & 0xffff) as usize;
    let client = play.players[slot].client();
    let at = row * client.m.head[0].sizes.text_bytes as usize + field * 16;
    let length = usize::from(client.m.texts[at]);
    String::from_utf8(client.m.texts[at + 1..][..length].to_vec()).unwrap()
}

#[test]
fn a_player_hears_its_own_texts_and_of_others_what_all_may_see() {
    let link = Link { delay: 1, jitter: 2, loss: 100, duplicate: 10, corrupt: 0, carries: 0 };
    let mut play = Play::new(with_texts(), 3, 0, &[], link, 6);
    // The first two see each other, the third stands far away.
    for (slot, x) in [(0, -5), (1, 0), (2, 25)] {
        let handle = handle(&mut play.room, slot);
        play.commands.add(Place::KIND, 0, &place(handle, x * ONE, 0));
    }
    for round in 0..3 {
        let (nick, hint) = (format!("nick {round}"), format!("hint {round}"));
        say(&mut play, 0, 0, nick.as_bytes());
        say(&mut play, 0, 1, hint.as_bytes());
        for _ in 0..60 {
            play.tick();
        }
        assert_eq!(heard(&mut play, 0, 0, 0), nick, "its own");
        assert_eq!(heard(&mut play, 0, 0, 1), hint, "its own");
        assert_eq!(heard(&mut play, 1, 0, 0), nick, "who sees it");
        assert_eq!(heard(&mut play, 1, 0, 1), "", "which is for the owner alone");
        assert_eq!(heard(&mut play, 2, 0, 0), "", "who does not see it");
    }
    let handle = handle(&mut play.room, 2);
    play.commands.add(Place::KIND, 0, &place(handle, -ONE, 0));
    for _ in 0..60 {
        play.tick();
    }
    assert_eq!(heard(&mut play, 2, 0, 0), "nick 2", "who sees it now");
    assert_eq!(heard(&mut play, 2, 0, 1), "");
    let before = play.room.room().r.stats[0].messages_out;
    for _ in 0..60 {
        play.tick();
    }
    assert_eq!(play.room.room().r.stats[0].messages_out, before, "and no more than that");
}
