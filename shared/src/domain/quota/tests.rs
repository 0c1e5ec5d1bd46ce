use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// The whole second that the tables begin with.
const START: Timestamp = Timestamp::from_unix_seconds(1_795_318_652);

fn spent(charges: &[(u32, u64)]) -> Spending {
    let mut spending = Spending::default();
    for (second, units) in charges {
        spending.charge(Tick::of(START.after(SECOND * *second)), *units);
    }
    spending
}

#[test]
fn there_is_as_much_as_the_last_minute_and_a_second_left() {
    let quota = Quota::new(6_000);
    assert_eq!(quota.for_messages(), 5_819);
    for (charges, page, wanted, at, messages) in [
        (&[][..], true, 500, 0, 290),
        (&[], false, 500, 0, 290),
        (&[], true, 7, 0, 7),
        (&[(0, 5_805)], true, 500, 0, 0),
        (&[(0, 5_779)], false, 500, 1, 2),
        (&[(0, 5_779)], true, 500, 1, 1),
        (&[(0, 5_805)], true, 500, 60, 0),
        (&[(0, 5_805)], true, 500, 61, 290),
        (&[(0, 2_000), (30, 2_000)], true, 500, 61, 190),
        (&[(0, 99_999)], true, 500, 60, 0),
    ] {
        let now = START.after(SECOND * at);
        assert_eq!(quota.messages(&spent(charges), page, wanted, now), messages, "{charges:?} {page} {wanted} {at}");
    }
}

#[test]
fn the_wait_is_until_as_much_is_free_as_is_wanted_or_ever_is() {
    let quota = Quota::new(6_000);
    for (charges, messages, at, seconds) in [
        (&[][..], 500, 0, 0),
        (&[(0, 5_805)], 25, 0, 61),
        (&[(0, 5_805)], 25, 40, 21),
        (&[(0, 500), (10, 5_200)], 10, 20, 41),
        (&[(0, 500), (10, 5_200)], 50, 20, 51),
        (&[(0, 500), (10, 5_200)], 9_999, 20, 51),
        (&[(0, 500)], 25, 20, 0),
    ] {
        let now = START.after(SECOND * at);
        assert_eq!(quota.wait(&spent(charges), messages, now).as_secs(), seconds, "{charges:?} {messages} {at}");
    }
}

#[test]
fn what_is_given_back_is_free_at_once_and_never_more_than_was_taken() {
    let mut spending = spent(&[(0, 100), (1, 40)]);
    spending.refund(Tick::of(START), 60);
    spending.refund(Tick::of(START.after(SECOND)), 90);
    spending.refund(Tick::of(START.after(SECOND * 2)), 90);
    assert_eq!(spending.total(START), 40);
}

#[test]
fn a_clock_that_is_hours_ahead_blocks_nobody_for_hours() {
    let bytes = spent(&[(7_200, 5_805)]).to_bytes();
    let read = Spending::from_bytes(&bytes, START);
    assert_eq!(read.total(START), 5_805);
    assert_eq!(read.wait(0, START).as_secs(), 62);
}

/// What one of several instances does.
#[derive(Clone, Debug)]
enum Act {
    /// Reserves for so many messages, and fetches this part of them, so many milliseconds later.
    Fetch { wanted: u64, part: f64, later: u32 },
    /// Lists identifiers, if that is within what is kept back for it.
    List { later: u32 },
    /// Lets time pass.
    Wait { millis: u32 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1u64..500, prop_oneof![Just(1.0), 0.0..1.0f64], 0u32..1_000)
            .prop_map(|(wanted, part, later)| Act::Fetch { wanted, part, later }),
        3 => (0u32..1_000).prop_map(|later| Act::List { later }),
        4 => prop_oneof![0u32..700, 5_000u32..62_000].prop_map(|millis| Act::Wait { millis }),
    ];
    prop::collection::vec(act, 1..200)
}

/// The most units that Google counts in any of its minutes.
fn most_in_a_minute(mut arrived: Vec<(Timestamp, u64)>) -> u64 {
    arrived.sort_unstable();
    let minute = Duration::from_mins(1);
    let from = |begin: Timestamp| {
        arrived.iter().filter(move |(at, _)| *at >= begin && at.since(begin) < minute).map(|(_, units)| units).sum()
    };
    arrived.iter().map(|(at, _)| from(*at)).max().unwrap_or_default()
}

proptest! {
    #[test]
    fn no_minute_of_googles_ever_has_more_than_the_quota(units in 100u64..20_000, acts in acts()) {
        let (quota, mut spending, mut now) = (Quota::new(units), Spending::default(), START);
        let (mut arrived, mut plain) = (Vec::new(), Vec::new());
        for act in acts {
            match act {
                Act::Wait { millis } => now = now.after(Duration::from_millis(u64::from(millis))),
                Act::List { later } => {
                    let at = now.after(Duration::from_millis(u64::from(later)));
                    plain.push((at, UNITS_OF_PAGE));
                    if most_in_a_minute(plain.clone()) > units - quota.for_messages() {
                        plain.pop();
                    }
                }
                Act::Fetch { wanted, part, later } => {
                    let got = quota.messages(&spending, true, wanted, now);
                    let reserved = self::units(true, got);
                    if got == 0 {
                        continue;
                    }
                    spending.charge(Tick::of(now), reserved);
                    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a part of a small number")]
                    let used = self::units(true, (got as f64 * part) as u64);
                    spending.refund(Tick::of(now), reserved - used);
                    arrived.push((now.after(Duration::from_millis(u64::from(later))), used));
                }
            }
        }
        arrived.extend(plain);
        prop_assert!(most_in_a_minute(arrived) <= units);
    }

    #[test]
    fn whoever_waits_as_told_gets_something(units in 100u64..20_000, charges in prop::collection::vec((0u32..90, 0u64..3_000), 0..60), wanted in 1u64..600) {
        let (quota, now) = (Quota::new(units), START.after(SECOND * 60));
        let spending = spent(&charges);
        let then = now.after(quota.wait(&spending, wanted, now));
        let most = quota.messages(&Spending::default(), true, wanted, now);
        prop_assert_eq!(quota.messages(&spending, true, wanted, then), most);
        prop_assert!(then.since(now) <= Duration::from_secs(91));
    }

    #[test]
    fn spending_is_read_as_it_was_written_and_stays_small(charges in prop::collection::vec((0u64..200_000, 1u64..20_000), 0..500)) {
        let (mut spending, now) = (Spending::default(), START.after(Duration::from_secs(200)));
        for (millis, units) in charges {
            spending.charge(Tick::of(START.after(Duration::from_millis(millis))), units);
        }
        spending.forget(now);
        let bytes = spending.to_bytes();
        prop_assert!(bytes.len() < 600, "{}", bytes.len());
        prop_assert_eq!(Spending::from_bytes(&bytes, now), spending);
    }

    #[test]
    fn no_stored_bytes_are_a_surprise(bytes: Vec<u8>) {
        let read = Spending::from_bytes(&bytes, START);
        prop_assert!(read.wait(0, START) <= Duration::from_secs(63));
    }
}
