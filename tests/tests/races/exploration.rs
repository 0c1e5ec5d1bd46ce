//! Every state of the model is visited: what must hold holds in all of them, and no longer where a fence is left out.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use super::{
    model::{Races, Start},
    properties::{CURRENT, NO_FOREIGN, NO_RETURN, NOTHING_LOST, ONE_HOLDER, SERVED},
    state::What,
    table::Fence,
};

pub(super) const LIST: What = What::List(0);
pub(super) const CONSENT: What = What::Consent { browser: 0, account: 0 };
pub(super) const DISCONNECT: What = What::Disconnect(0);
pub(super) const EVENT: What = What::Event(0);
/// Of the other account; the consent is given at the browser of the first one.
pub(super) const OTHERS_LIST: What = What::List(1);
pub(super) const OTHERS_CONSENT: What = What::Consent { browser: 0, account: 1 };

/// What can be done about one account.
pub(super) const OPERATIONS: [What; 4] = [LIST, CONSENT, DISCONNECT, EVENT];
/// Also about the other one.
const ALL: [What; 6] = [LIST, CONSENT, DISCONNECT, EVENT, OTHERS_LIST, OTHERS_CONSENT];
/// Where it begins.
pub(super) const STARTS: [Start; 3] = [Start::Connected, Start::Removed, Start::Absent];

/// Visits every state; all that must hold has to, and all that must be possible.
fn assert_holds(races: Races, at_least: usize) {
    let checker = races.checker().spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(checker.is_done() && states > at_least, "{states} states");
}

#[test]
fn whatever_three_instances_do_in_whatever_order_and_whoever_is_killed_the_properties_hold() {
    assert_holds(Races { crashes: 2, ..Races::between(3, &ALL, &STARTS) }, 100_000);
}

#[test]
fn they_hold_also_where_the_user_removes_the_access_at_google_meanwhile() {
    assert_holds(Races { crashes: 0, ..Races::between(3, &OPERATIONS, &[Start::Removable]) }, 50_000);
}

/// Whether something that must not be comes to be without those fences.
fn is_violated(property: &'static str, fences: &'static [Fence], start: Start, whats: &[What]) -> bool {
    let races = Races { starts: vec![(start, whats.to_vec())], ..Races::between(3, &ALL, &STARTS) };
    let found = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = races.without(fences).checker().finish_when(found).spawn_bfs().join();
    checker.discovery(property).is_some()
}

#[test]
fn without_a_fence_what_it_is_there_for_no_longer_holds() {
    use Fence::*;
    const LISTS: &[What] = &[LIST, LIST, LIST];
    const ENDING: &[What] = &[LIST, LIST, DISCONNECT];
    for (property, fences, whats) in [
        (ONE_HOLDER, [LeaseIsFree].as_slice(), LISTS),
        (SERVED, &[LeaseEnds], LISTS),
        (CURRENT, &[LeaseSameToken], LISTS),
        (NO_RETURN, &[LeaseSameToken, LeaseGeneration], ENDING),
        (NOTHING_LOST, &[ShareOwner], LISTS),
        (NO_RETURN, &[ShareOwner, ShareGeneration], ENDING),
        (NOTHING_LOST, &[MarkSameToken], ENDING),
        (NOTHING_LOST, &[MarkSameToken, MarkGeneration], &[CONSENT, CONSENT, EVENT]),
        (NOTHING_LOST, &[PutGeneration], &[CONSENT, CONSENT, LIST]),
        (NOTHING_LOST, &[PutIsNewest], &[CONSENT, CONSENT, LIST]),
        (NO_FOREIGN, &[PutOfAccount], &[LIST, OTHERS_CONSENT, OTHERS_LIST]),
        (NOTHING_LOST, &[DeleteGeneration], &[CONSENT, DISCONNECT, LIST]),
        (NOTHING_LOST, &[DeleteSameToken], &[CONSENT, DISCONNECT, LIST]),
        (NOTHING_LOST, &[EventIsOlder], &[CONSENT, EVENT, LIST]),
    ] {
        assert!(is_violated(property, fences, Start::Connected, whats), "{property} without {fences:?}");
        assert!(!is_violated(property, &[], Start::Connected, whats), "{property}");
    }
}

/// Each change of the generation takes the lease and the access token away too.
#[test]
fn where_a_write_names_two_things_that_change_together_either_is_enough_for_the_generation() {
    for fence in [&[Fence::LeaseGeneration], &[Fence::ShareGeneration], &[Fence::MarkGeneration]] {
        let races = Races::between(3, &OPERATIONS, &STARTS).without(fence);
        races.checker().spawn_bfs().join().assert_properties();
    }
}
