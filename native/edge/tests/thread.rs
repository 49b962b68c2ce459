//! The whole thread over loopback, with mailboxes as JavaScript lays them out.

mod house;

use fray_edge::edge::Command;
use fray_edge::handed::Kind;
use house::{House, SESSION};

#[test]
fn a_packet_goes_up_until_it_is_carried_and_a_snapshot_comes_back() {
    let mut house = House::new(0);
    let mut client = house.connect(3, 9);
    client.send(5, &[6, 1, 2, 3]);
    let handed = house.handed();
    assert_eq!(handed, [(Kind::Payload as u32, 3, 9, vec![6, 1, 2, 3])]);
    house.edge.command(Command::Route(3, Some(house.route())));
    house.edge.command(Command::Takes(3, Some(SESSION)));
    client.send(5, &[6, 4, 5]);
    client.send(5, &[1, 9, 9]);
    assert_eq!(house.inbox(1), [(1, SESSION, vec![6, 4, 5])]);
    assert_eq!(house.handed(), [(Kind::Payload as u32, 3, 9, vec![1, 9, 9])]);
    house.say(&[(SESSION, b"old"), (SESSION, b"newest"), (SESSION + 1, b"of nobody")]);
    assert_eq!(client.hear_payload(), b"newest");
    let [replaced, gone, out] = house.figures(["replaced", "packetsGone", "carriedOut"]);
    assert_eq!([replaced, gone, out], [1, 1, 1]);
    house.edge.command(Command::Route(3, None));
    client.send(5, &[6, 7]);
    assert_eq!(house.handed(), [(Kind::Payload as u32, 3, 9, vec![6, 7])]);
}

#[test]
fn nothing_is_accepted_twice_or_from_elsewhere() {
    let house = House::new(0);
    let mut client = house.connect(0, 1);
    let packet = client.seal(5, &[1, 2]);
    client.send_raw(&packet);
    client.send_raw(&packet);
    let stranger = house.stranger();
    stranger.send_raw(&packet);
    let mut forged = client.seal(5, &[1, 2]);
    forged[5] ^= 1;
    client.send_raw(&forged);
    house.await_figure("dropSealed", 1);
    assert_eq!(house.figures(["dropReplay", "dropUnknown", "payloadsIn"]), [1, 1, 1]);
}

#[test]
fn who_floods_is_cut_to_the_rate_and_a_full_inbox_is_counted() {
    let house = House::new(0);
    let mut client = house.connect(0, 1);
    house.edge.command(Command::Route(0, Some(house.route())));
    house.settle();
    for _ in 0..400 {
        client.send(5, &[6; 200]);
        house.settle_some();
    }
    house.await_figure("payloadsIn", 400);
    let [refused, carried, full] = house.figures(["refused", "carriedIn", "inboxFull"]);
    assert_eq!(refused + carried, 400);
    assert!(refused > 100 && carried >= 240, "{refused} refused, {carried} carried");
    assert!(full > 0 && full < carried, "{full} of {carried} found the inbox full");
}

#[test]
fn a_client_that_goes_is_told_of_and_one_that_is_removed_hears_ten_times() {
    let house = House::new(0);
    let mut client = house.connect(5, 2);
    client.send(6, &[]);
    assert_eq!(house.handed(), [(Kind::Gone as u32, 5, 2, vec![])]);
    house.edge.command(Command::Remove { index: 5, farewells: 10 });
    assert_eq!((0..10).filter(|_| client.hear().0 == 6).count(), 10);
    client.send(5, &[1]);
    house.await_figure("dropUnknown", 1);
}

#[test]
fn strangers_are_handed_up_within_bounds_and_answers_only_where_they_are_expected() {
    let house = House::new(0);
    let stranger = house.stranger();
    stranger.send_raw(&[0; 1077]);
    stranger.send_raw(&[0x13; 60]);
    house.await_figure("dropUnknown", 1);
    house.edge.command(Command::Expect(stranger.peer(), true));
    house.settle();
    stranger.send_raw(&[0x13; 60]);
    let mut request = [0; 1078];
    request[1] = 9;
    stranger.send_raw(&request);
    let handed = house.handed_some(2);
    assert_eq!(handed[0].3, vec![0x13; 60]);
    assert_eq!(handed[1].3, request);
    assert_eq!(house.figures(["dropSize"]), [1]);
    for _ in 0..500 {
        stranger.send_raw(&request);
        house.settle_some();
    }
    house.await_figure("datagramsIn", 504);
    let [waiting] = house.figures(["dropWaiting"]);
    assert!(waiting > 200, "{waiting} were not handed up");
}

#[test]
fn who_is_silent_is_kept_awake() {
    let house = House::new(0);
    let mut client = house.connect(0, 1);
    let (kind, body) = client.hear();
    assert_eq!((kind, body.len()), (4, 8));
    assert_eq!(client.hear().0, 4);
}

#[test]
fn a_damaged_mailbox_is_not_read_any_more() {
    let mut house = House::new(0);
    house.damage();
    house.await_figure("damaged", 1);
    let mut client = house.connect(0, 1);
    assert_eq!(client.hear().0, 4, "the thread goes on");
}

#[test]
fn it_does_the_same_where_it_spins() {
    let mut house = House::new(200);
    let mut client = house.connect(0, 1);
    house.edge.command(Command::Route(0, Some(house.route())));
    house.edge.command(Command::Takes(0, Some(SESSION)));
    house.settle();
    client.send(5, &[6, 4, 5]);
    assert_eq!(house.inbox(1), [(1, SESSION, vec![6, 4, 5])]);
    house.say(&[(SESSION, b"snapshot")]);
    assert_eq!(client.hear_payload(), b"snapshot");
}
